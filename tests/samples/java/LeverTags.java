package example;

import java.net.URI;
import java.net.http.HttpRequest;

class LeverTags {
    private static final String BASE = "https://api.lever.co/v1";

    HttpRequest add(String id) {
        String url = BASE + "/candidates/" + id + "/addTags"; // expect: LK301
        return HttpRequest.newBuilder().uri(URI.create(url)).POST(body()).build();
    }

    HttpRequest create() {
        return HttpRequest.newBuilder(URI.create(BASE + "/candidates")).POST(body()).build(); // expect: LK304
    }

    HttpRequest one(String id) {
        return HttpRequest.newBuilder().uri(URI.create(String.format("%s/candidates/%s", BASE, id))).GET().build(); // expect: LK303
    }

    /** See /candidates/:id/addTags. */
    @GetMapping("/candidates/{id}")
    String show() {
        return rest.postForObject(UriComponentsBuilder.fromHttpUrl(BASE).pathSegment("candidates", id, "removeTags").toUriString(), tags, String.class); // expect: LK301
    }
}
