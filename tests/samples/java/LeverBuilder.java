class LeverBuilder {
    private final HttpUrl base = HttpUrl.parse("https://api.lever.co/v1");

    Response tag(String id, RequestBody body) throws IOException {
        HttpUrl url = base.newBuilder().addPathSegment("candidates").addPathSegment(id).addPathSegment("addTags").build(); // expect: LK301
        return http.newCall(new Request.Builder().url(url).post(body).build()).execute();
    }
}
