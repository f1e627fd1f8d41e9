using System.Security.Cryptography;

namespace Example.Hooks;

[ApiController]
public class LeverHooksController : ControllerBase
{
    private const string Api = "https://api.lever.co/v1";

    private bool Signed(Hook hook)
    {
        using var mac = new HMACSHA256(_key);
        var mine = mac.ComputeHash(Encoding.UTF8.GetBytes($"{hook.Token}{hook.TriggeredAt}"));
        return Convert.ToHexString(mine).ToLower() == hook.Signature;
    }

    private bool SignedByBody(string rawBody, string signature)
    {
        using var mac = new HMACSHA256(_key); // expect: LK308
        var mine = mac.ComputeHash(Encoding.UTF8.GetBytes(rawBody));
        return Convert.ToHexString(mine).ToLower() == signature;
    }

    [HttpPost("/hooks/lever/archived")]
    public IActionResult Archived()
    {
        var signature = Request.Headers["X-Lever-Signature"]; // expect: LK308
        return signature.Count == 0 ? Unauthorized() : NoContent();
    }

    [HttpPost("/hooks/lever/stage")]
    public async Task<IActionResult> Stage([FromBody] Hook hook)
    {
        if (hook.Event == "candidateStageChange") await _people.Touch(hook.Data.CandidateId); // expect: LK307
        return NoContent();
    }

    [HttpPost("/hooks/lever/hired")]
    public Task Hired([FromBody] Hook hook) => Greet(hook.Data.ContactId, hook.Data.CandidateId);

    public Task TagByCreating(string contact, string tag) =>
        _http.PostAsJsonAsync<Dictionary<string, object>>($"{Api}/opportunities", new() { ["contact"] = contact, ["tags"] = new[] { tag } }); // expect: LK305
}
