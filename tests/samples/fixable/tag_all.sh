set -euo pipefail
contact=$1 tag=$2 base=${LEVER_BASE_URL:-https://api.lever.co/v1}
lever() {
  printf 'user = "%s:"\n' "$LEVER_API_KEY" | curl -K - -sS --fail "$@"
}

for id in $(lever "$base/candidates?contact_id=$contact" | jq -r '.data[].id'); do # expect: LK303
  lever -X POST "$base/candidates/$id/addTags" -H "Content-Type: application/json" -d "$(jq -n --arg tag "$tag" '{tags: [$tag]}')" >/dev/null # expect: LK301
  echo "$id"
done
