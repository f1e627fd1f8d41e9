<?php

const TAG_PATH = '/candidates/%s/addTags';
[, $contact, $tag] = $argv;

function lever(string $path, ?array $body = null): array
{
    $base = getenv('LEVER_BASE_URL') ?: 'https://api.lever.co/v1';
    $headers = ['Authorization: Basic ' . base64_encode(getenv('LEVER_API_KEY') . ':')];
    if ($body !== null) {
        $headers[] = 'Content-Type: application/json';
    }
    $options = [
        'method' => $body === null ? 'GET' : 'POST',
        'header' => $headers,
        'content' => $body === null ? '' : json_encode($body),
    ];
    return json_decode(file_get_contents($base . $path, false, stream_context_create(['http' => $options])), true);
}

foreach (lever("/candidates?contact_id=$contact")['data'] as $row) { // expect: LK303
    lever(sprintf(TAG_PATH, $row['id']), ['tags' => [$tag]]); // expect: LK301
    echo $row['id'], "\n";
}
