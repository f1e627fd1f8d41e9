#!/usr/bin/env bash
API="https://api.lever.co/v1"

signed() {
  local token triggered_at
  token=$(jq -r .token <<<"$BODY")
  triggered_at=$(jq -r .triggeredAt <<<"$BODY")
  printf '%s%s' "$token" "$triggered_at" | openssl dgst -sha256 -hmac "$LEVER_SIGNATURE_TOKEN"
}

signed_by_body() {
  printf '%s' "$BODY" | openssl dgst -sha256 -hmac "$LEVER_SIGNATURE_TOKEN" # expect: LK308
}

moved() {
  touch_person "$(jq -r .data.candidateId <<<"$BODY")" # expect: LK307
}

hired() {
  greet "$(jq -r .data.contactId <<<"$BODY")" "$(jq -r .data.candidateId <<<"$BODY")"
}

tag_by_creating() {
  curl -u "$LEVER_API_KEY:" -X POST "$API/opportunities" -d "{\"contact\": \"$1\", \"tags\": [\"$2\"]}" # expect: LK305
}
