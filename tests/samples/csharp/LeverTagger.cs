using System.Net.Http;

namespace Example.Lever;

/// <summary>Posts to /candidates/:id/addTags.</summary>
public class LeverTagger
{
    private const string Base = "https://api.lever.co/v1";

    public Task Add(string id, HttpContent tags) => _http.PostAsync($"{Base}/candidates/{id}/addTags", tags); // expect: LK301

    public Task All() => _http.GetAsync(string.Format("{0}/candidates", Base)); // expect: LK303

    public async Task Note(string id)
    {
        var request = new RestRequest("candidates/" + id + "/notes", Method.Post); // expect: LK302
        await _http.ExecuteAsync(request);
    }

    public async Task Create(HttpContent person)
    {
        var url = Base + "/candidates"; // expect: LK304
        await _http.PostAsync(url, person);
    }

    [HttpGet("/candidates/{id}")]
    public IActionResult Show(string id) => Ok();
}
