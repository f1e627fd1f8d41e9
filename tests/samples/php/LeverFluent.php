<?php

class LeverFluent
{
    private $endpoint = '';

    public function opportunities($id = '')
    {
        $this->endpoint = 'opportunities' . ($id === '' ? '' : '/' . $id);
        return $this;
    }

    public function notes()
    {
        $this->endpoint .= '/notes';
        return $this;
    }

    public function addTags(array $tags)
    {
        $this->endpoint .= '/addTags'; // expect: LK306
        return $this->create(['tags' => $tags]);
    }
}

class ArticleFluent
{
    public function addTags(array $tags)
    {
        $this->endpoint .= '/addTags';
        return $this->create(['tags' => $tags]);
    }
}
