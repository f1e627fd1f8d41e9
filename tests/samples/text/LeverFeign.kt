@FeignClient(name = "lever", url = "https://api.lever.co/v1")
interface LeverFeign {
    @GetMapping("/candidates") fun list(): Page // expect: LK303
}
