<?php

class LeverRoutes
{
    const BASE = 'https://api.lever.co/v1';
    const TAG = '/candidates/%s/addTags';
    const UNTAG = '/candidates/%1$s/removeTags';

    public function tag($id)
    {
        return $this->post(sprintf(self::BASE . self::TAG, $id)); // expect: LK301
    }

    public function untag($id)
    {
        return $this->post(self::BASE . sprintf(self::UNTAG, $id)); // expect: LK301
    }

    public function note($id)
    {
        return $this->post(sprintf('%s/candidates/%s/notes', self::BASE, $id)); // expect: LK302
    }
}
