"""Who asks: Basic with an API key as user name, or Bearer with a token (sections 1.2 and 1.3)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass


@dataclass(frozen=True)
class Key:
    """An API key or access token. `scopes` None means every permission."""

    secret: str
    owner: str = "api"
    confidential: bool = True
    scopes: frozenset[str] | None = None
    expires_at: float | None = None

    def may(self, scope: str) -> bool:
        """Say whether a permission is granted; write implies read (section 1.3)."""
        if self.scopes is None or scope in self.scopes:
            return True
        return scope.replace(":read:", ":write:") in self.scopes


def secret(header: bytes | None) -> str | None:
    """Return the key or token of an Authorization header, None where there is none that can be read."""
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
