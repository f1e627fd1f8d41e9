public static class LeverFluent
{
    public static Task Tag(this IFlurlClient lever, string id, string[] tags) =>
        lever.Request("candidates", id, "addTags").PostJsonAsync(new { tags }); // expect: LK301

    public static Task Note(string id, object note) =>
        "https://api.lever.co/v1".AppendPathSegments("candidates", id, "notes").PostJsonAsync(note); // expect: LK302
}
