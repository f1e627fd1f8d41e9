class LeverHoles {
    static final String BASE = "https://api.lever.co/v1";
    static final String TAG = "/candidates/%s/addTags";
    static final String UNTAG = "/candidates/%1$s/removeTags";

    void tag(String id) {
        post(String.format(BASE + TAG, id), body); // expect: LK301
    }

    void untag(String id) {
        post(BASE + UNTAG.formatted(id), body); // expect: LK301
    }

    List<Candidate> all() {
        return rest.<Page<List<Candidate>>>get("/candidates"); // expect: LK303
    }
}
