package example.hooks;

import javax.crypto.Mac;

@RestController
class LeverHooks {
    private static final String API = "https://api.lever.co/v1";

    boolean signed(Hook hook) throws Exception {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(key());
        mac.update(hook.token().getBytes());
        byte[] mine = mac.doFinal(String.valueOf(hook.triggeredAt()).getBytes());
        return hex(mine).equals(hook.signature());
    }

    boolean signedByBody(String rawBody, String signature) throws Exception {
        Mac mac = Mac.getInstance("HmacSHA256"); // expect: LK308
        mac.init(key());
        return hex(mac.doFinal(rawBody.getBytes())).equals(signature);
    }

    @PostMapping("/hooks/lever/archived")
    void archived(@RequestHeader("X-Lever-Signature") String signature, @RequestBody Hook hook) { // expect: LK308
        queue.add(signature, hook);
    }

    @PostMapping("/hooks/lever/stage")
    void stage(@RequestBody Hook hook) {
        if (hook.event().equals("candidateStageChange")) {
            people.touch(hook.data().candidateId()); // expect: LK307
        }
    }

    @PostMapping("/hooks/lever/hired")
    void hired(@RequestBody Hook hook) {
        greet(hook.data().contactId(), hook.data().candidateId());
    }

    void tagByCreating(String contact, String tag) {
        rest.postForObject(API + "/opportunities", Map.of("contact", contact, "tags", List.of(tag)), String.class); // expect: LK305
    }
}
