"""An OAuth client of an emulated account."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from leverkit.emulator import Running

BACK = "https://example.com/back"


class Client:
    """An application that asks for consent."""

    def __init__(self, account: Running) -> None:
        self.root = account.base_url.removesuffix("/v1")
        self.id, self.secret = account.oauth

    def consent(self, scope: str = "offline_access tags:read:admin", **more: str) -> dict[str, list[str]]:
        params = {"client_id": self.id, "redirect_uri": BACK, "response_type": "code", "state": "s t"}
        params |= {"audience": "https://api.lever.co/v1/", "scope": scope, **more}
        answer = httpx.get(f"{self.root}/authorize", params=params)
        assert answer.status_code == 302
        return parse_qs(urlsplit(answer.headers["location"]).query)

    def token(self, *, as_json: bool = False, **fields: str) -> httpx.Response:
        body = {"client_id": self.id, "client_secret": self.secret, **fields}
        kind: Any = {"json": body} if as_json else {"data": body}
        return httpx.post(f"{self.root}/oauth/token", **kind)

    def tokens(self, **consent: str) -> dict[str, Any]:
        code = self.consent(**consent)["code"][0]
        answer = self.token(grant_type="authorization_code", code=code, redirect_uri=BACK)
        value: dict[str, Any] = answer.json()
        return value


def get(account: Running, path: str, token: str) -> int:
    return httpx.get(account.base_url + path, headers={"authorization": f"Bearer {token}"}).status_code
