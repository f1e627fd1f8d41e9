#!/usr/bin/env bash
# curl https://api.lever.co/v1/candidates
BASE="https://api.lever.co/v1"
CANDIDATES="$BASE/candidates"
curl -u "$LEVER_API_KEY:" -X POST "$BASE/candidates/${ID}/addTags" -d "{\"tags\": [\"$TAG\"]}" # expect: LK301
curl -u "$LEVER_API_KEY:" https://api.lever.co/v1/candidates?limit=1 # expect: LK303
curl -u "$LEVER_API_KEY:" --data "$BODY" "$CANDIDATES" # expect: LK304
curl -u "$LEVER_API_KEY:" "$CANDIDATES/$ID/notes" # expect: LK303
curl https://harvest.greenhouse.io/v1/candidates
