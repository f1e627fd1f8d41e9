"""What must be in no file: the people of an emulated account, and a key in every form."""

from __future__ import annotations

import base64

import httpx

from leverkit.emulator import Running


def people(account: Running) -> set[bytes]:
    """Return every name, e-mail, phone and link that an account holds."""
    found: set[str] = set()
    params: dict[str, str] = {"confidentiality": "all"}
    with httpx.Client(auth=(account.api_key, ""), base_url=account.base_url) as client:
        while True:
            page = client.get("/opportunities", params=params).json()
            for person in page["data"]:
                found |= {person["name"], *person["emails"], *person["links"]}
                found |= {phone["value"] for phone in person["phones"]}
            if not page["hasNext"]:
                return {text.encode() for text in found if len(text) > 5}
            params["offset"] = page["next"]


def forms_of(key: str) -> set[bytes]:
    """Return a key, and the form in which a request carries it."""
    return {key.encode(), base64.b64encode(f"{key}:".encode()).rstrip(b"=")}
