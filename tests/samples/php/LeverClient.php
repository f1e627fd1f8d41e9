<?php

namespace App\Services;

use GuzzleHttp\Client;

class LeverClient
{
    const BASE = 'https://api.lever.co/v1';
    private $endpoint = 'candidates';

    public function addTags($id, array $tags)
    {
        return $this->client->post(self::BASE . "/candidates/{$id}/addTags", ['json' => ['tags' => $tags]]); // expect: LK301
    }

    public function stage($id, $stage)
    {
        return $this->client->request('PUT', sprintf('candidates/%s/stage', $id), ['json' => ['stage' => $stage]]); // expect: LK302
    }

    public function all()
    {
        return $this->get('candidates'); // expect: LK303
    }

    public function create(array $person)
    {
        $ch = curl_init(self::BASE . '/candidates'); // expect: LK304
        curl_setopt($ch, CURLOPT_CUSTOMREQUEST, 'POST');
        return curl_exec($ch);
    }

    // curl_init('https://api.lever.co/v1/candidates')
    public function names($answer)
    {
        return $answer['candidates'];
    }

    public function remove($id, $tags)
    {
        return $this->post($this->endpoint . '/' . $id . '/removeTags', $tags); // expect: LK301
    }
}
