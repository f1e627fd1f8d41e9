class LeverNode:
    async def run(self, session, action, candidate_id):
        base = "https://api.lever.co/v1"
        if action == "list":
            url = f"{base}/candidates"  # expect: LK303
            return await session.get(url)
        if action == "create":
            url = f"{base}/candidates"  # expect: LK304
            return await session.post(url, json={"name": "Ada"})
        if action == "opportunities":
            url = f"{base}/opportunities"
            return await session.get(url, params={"limit": 5})
        url = f"{base}/candidates?limit=50"  # expect: LK303
        first = await session.get(url)
        return await session.get(f"{url}&offset={first['next']}")


def configured(rest_api):
    return rest_api(
        {
            "client": {"base_url": "https://api.lever.co/v1/"},
            "resources": [
                {"name": "candidates", "endpoint": {"path": "candidates"}},  # expect: LK303
                {"name": "notes", "endpoint": {"path": "candidates/{id}/notes"}},  # expect: LK303
            ],
        }
    )


def proxied(nango):
    nango.proxy(method="GET", endpoint="/v1/candidates", provider="lever")  # expect: LK303
    nango.proxy(method="GET", endpoint="/v1/candidates", provider="greenhouse")
