class LeverBuilt {
    static final String BASE = "https://api.lever.co/v1";

    void tag(String id) throws Exception {
        String url = new StringBuilder(BASE).append("/candidates/").append(id).append("/addTags").toString(); // expect: LK301
        http.send(new HttpPost(url));
    }
}
