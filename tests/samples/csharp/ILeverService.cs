public interface ILeverService
{
    [Post("/candidates/{id}/removeTags")] // expect: LK301
    Task Untag(string id, [Body] Tags tags);

    [Get("/opportunities/{id}")]
    Task<Opportunity> One(string id);
}

public class Tagger
{
    private const string TagPath = "candidates/{0}/addTags";
    private readonly ILeverService _service;

    public Task Tag(string id) => _service.PostAsync(string.Format(TagPath, id), Body()); // expect: LK301

    public Task<Page<Candidate>> Page() => _service.GetFromJsonAsync<Page<List<Candidate>>>("candidates"); // expect: LK303
}
