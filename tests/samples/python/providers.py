ENDPOINTS = [
    {"name": "candidates", "path": "/candidates"},  # expect: LK303
    {"name": "stages", "path": "/stages"},
]


async def test_pull(client):
    provider = LeverProvider(base_url="https://api.lever.co/v1", client=client)
    await provider._request("GET", "/candidates")  # expect: LK303
