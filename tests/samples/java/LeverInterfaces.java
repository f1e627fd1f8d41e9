package example;

@FeignClient(name = "lever", url = "https://api.lever.co/v1")
interface LeverFeign {
    @PostMapping("/candidates/{id}/addTags") // expect: LK301
    void addTags(@PathVariable String id, @RequestBody Tags tags);

    @GetMapping("/opportunities/{id}")
    Opportunity opportunity(@PathVariable String id);
}

interface LeverRetrofit {
    @GET("candidates") // expect: LK303
    Call<Page> page(@Query("offset") String offset);

    @PUT("candidates/{id}/stage") // expect: LK302
    Call<Void> move(@Path("id") String id, @Body Stage stage);
}

@RestController
class OwnCandidates {
    @PostMapping("/candidates/{id}/notes")
    void note(@PathVariable String id) {}
}
