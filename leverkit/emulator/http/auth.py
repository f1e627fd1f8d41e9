"""Authentication: Basic with an API key as user name, or Bearer with a token (sections 1.2 and 1.3)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass


@dataclass(frozen=True)
class Key:
    """An API key or access token. `scopes` None means every permission.

    A token expires, and its write scope implies reading (section 1.3); a key's Read and Write are two
    permissions (1.2).
    """

    secret: str
    owner: str = "api"
    confidential: bool = True
    scopes: frozenset[str] | None = None
    expires_at: float | None = None

    def allows(self, scope: str) -> bool:
        """Return True if a permission is granted."""
        if self.scopes is None or scope in self.scopes:
            return True
        return self.expires_at is not None and scope.replace(":read:", ":write:") in self.scopes


def is_jwt(secret: str | None) -> bool:
    """Return True if a Bearer value looks like a JWT, so like a token of some environment of Lever."""
    head, *rest = (secret or "").split(".")
    try:
        return len(rest) == 2 and b'"alg"' in base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))
    except (binascii.Error, ValueError):
        return False


def read_secret(header: bytes | None) -> str | None:
    """Return the key or token of an Authorization header, None if there is none or it cannot be read."""
    if header is None:
        return None
    scheme, _, value = header.decode("latin-1").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(value.strip(), validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return None
