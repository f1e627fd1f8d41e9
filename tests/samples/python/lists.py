import httpx

HOST = "https://api.lever.co/v1"

for kind in ("opportunities", "candidates"):  # expect: LK303
    httpx.get(f"{HOST}/{kind}")

print("tables:", ["candidates", "postings"])
