class LeverApi(private val http: Http) {
    private val base = "https://api.lever.co/v1"
    // http.get("https://api.lever.co/v1/candidates")
    fun add(id: String, tags: List<String>) = http.post("$base/candidates/$id/addTags", tags) // expect: LK301
    fun all() = http.get("https://api.lever.co/v1/candidates") // expect: LK303
    fun remove(id: String) = http.post(base + "/candidates/" + id + "/removeTags") // expect: LK301
}
