import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Base64;
import java.util.regex.Pattern;

class TagAll {
    static final String BASE = System.getenv().getOrDefault("LEVER_BASE_URL", "https://api.lever.co/v1");
    static final String TAG_PATH = "/candidates/%s/addTags";
    static final HttpClient HTTP = HttpClient.newHttpClient();

    static String lever(String path, String body) throws Exception {
        String key = Base64.getEncoder().encodeToString((System.getenv("LEVER_API_KEY") + ":").getBytes());
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(BASE + path))
            .header("Authorization", "Basic " + key).header("Content-Type", "application/json");
        HttpRequest sent = (body == null ? request.GET() : request.POST(HttpRequest.BodyPublishers.ofString(body))).build();
        HttpResponse<String> answer = HTTP.send(sent, HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() >= 300) throw new IllegalStateException(path + ": " + answer.statusCode());
        return answer.body();
    }

    static void tagPerson(String contact, String tag) throws Exception {
        String page = lever("/candidates?contact_id=" + contact, null); // expect: LK303
        var ids = Pattern.compile("\\{\"id\":\"([0-9a-f-]{36})\",\"name\"").matcher(page);
        while (ids.find()) {
            lever(String.format(TAG_PATH, ids.group(1)), "{\"tags\": [\"" + tag + "\"]}"); // expect: LK301
            System.out.println(ids.group(1));
        }
    }

    public static void main(String[] args) throws Exception {
        tagPerson(args[0], args[1]);
    }
}
