public class LeverLists
{
    private const string BaseUrl = "https://api.lever.co/v1";

    private static readonly string[] Kinds =
    {
        "candidates", "postings", "users", // expect: LK303
    };

    private static string ListUrl(string kind, string offset)
    {
        return $"{BaseUrl}/{kind}?offset={offset}";
    }
}
