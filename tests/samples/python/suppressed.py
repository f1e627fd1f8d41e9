import requests

BASE = "https://api.lever.co/v1"


def old(id):
    requests.get(f"{BASE}/candidates/{id}")  # leverkit: ignore[LK303] kept until the warehouse moves
    # leverkit: ignore[LK303, LK304] the same
    requests.get(f"{BASE}/candidates/{id}")
    # leverkit: ignore[LK304] another code does not help          expect[+1]: LK303
    requests.get(f"{BASE}/candidates/{id}")
    requests.get(f"{BASE}/candidates/{id}")  # expect: LK303, LK390    leverkit: ignore[LK303]
