<?php

class LeverRoutes
{
    const BASE = 'https://api.lever.co/v1';
    const TAG = '/candidates/%s/addTags';
    const UNTAG = '/candidates/%1$s/removeTags';
    private const CHANGE = '/candidates/%s/%s';

    public function tag($id)
    {
        return $this->post(sprintf(self::BASE . self::TAG, $id)); // expect: LK301
    }

    public function untag($id)
    {
        return $this->post(self::BASE . sprintf(self::UNTAG, $id)); // expect: LK301
    }

    public function link($id)
    {
        return $this->client->request('POST', sprintf(self::CHANGE, $id, 'addLinks')); // expect: LK302
    }

    public function note($id)
    {
        return $this->post(sprintf('%s/candidates/%s/notes', self::BASE, $id)); // expect: LK302
    }
}
