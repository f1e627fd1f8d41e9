<?php

class LeverHooks
{
    const API = 'https://api.lever.co/v1';

    public function hired(array $hook)
    {
        $signed = $hook['token'] . $hook['triggeredAt'];
        $mine = hash_hmac('sha256', $signed, getenv('LEVER_SIGNATURE_TOKEN'));
        return hash_equals($mine, $hook['signature']) ? $this->greet($hook['data']['contactId']) : 401;
    }

    public function stage()
    {
        $body = file_get_contents('php://input');
        $mine = hash_hmac('sha256', $body, getenv('LEVER_SIGNATURE_TOKEN')); // expect: LK308
        $hook = json_decode($body, true);
        if (!hash_equals($mine, $hook['signature'])) {
            return 401;
        }
        if ($hook['event'] === 'candidateStageChange') {
            $this->rememberPerson($hook['data']['candidateId']); // expect: LK307
        }
        return 204;
    }

    public function archived()
    {
        return $_SERVER['HTTP_X_LEVER_SIGNATURE'] ?? 401; // expect: LK308
    }

    public function tagByCreating($contact, $tag)
    {
        return $this->http->post(self::API . '/opportunities', ['json' => ['contact' => $contact, 'tags' => [$tag]]]); // expect: LK305
    }

    public function tagEverywhere($contact, $tag)
    {
        $found = $this->http->get(self::API . '/opportunities', ['query' => ['contact_id' => $contact]]);
        foreach (json_decode($found->getBody(), true)['data'] as $row) {
            $this->http->post(self::API . "/opportunities/{$row['id']}/addTags", ['json' => ['tags' => [$tag]]]);
        }
    }
}
