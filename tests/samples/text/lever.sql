select http_post('https://api.lever.co/v1/candidates/' || id || '/addTags', body, 'application/json') from tags; -- expect: LK301
