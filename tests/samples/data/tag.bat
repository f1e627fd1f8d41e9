rem expect[+1]: LK301
curl -u %KEY%: -X POST https://api.lever.co/v1/candidates/%ID%/addTags -d @tags.json
