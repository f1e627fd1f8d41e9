@FeignClient(name = "lever", url = "https://api.lever.co/v1")
public interface LeverFeign {
    @RequestLine("PUT /candidates/{id}/stage") // expect: LK302
    void stage(@Param("id") String id);

    @RequestMapping(method = RequestMethod.POST, value = "/candidates") // expect: LK304
    Candidate create(@RequestBody Candidate candidate);

    @RequestLine("POST /opportunities/{id}/addTags") // expect: LK306
    void tag(@Param("id") String id, Tags tags);
}
