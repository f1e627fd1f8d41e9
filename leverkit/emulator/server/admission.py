"""Decides who is admitted: the key or token, its permissions, its rate limit."""

from __future__ import annotations

import time

from leverkit.emulator.account.account import Account
from leverkit.emulator.http import auth, faults
from leverkit.emulator.http.rate_limit import RateLimit
from leverkit.emulator.response import forbidden, no_such_path, unauthorized
from leverkit.emulator.server.routes import CANDIDATES, Route


class Admission:
    """Admits requests by API key or access token, each with its own rate limit."""

    def __init__(self, account: Account, keys: list[auth.Key]) -> None:
        self.account = account
        self.keys = {key.secret: key for key in keys}
        self._limits: dict[str, RateLimit] = {}

    def add(self, key: auth.Key) -> None:
        """Admit one more key or token."""
        self.keys[key.secret] = key

    def reset_limits(self) -> None:
        """Let every key start again with its full burst."""
        self._limits.clear()

    def key(self, header: bytes | None) -> auth.Key:
        """Return the key of an Authorization header. Raises RequestError 401 for none, unknown or expired."""
        secret = auth.read_secret(header)
        key = self.keys.get(secret or "")
        if key is None and auth.is_jwt(secret):  # signed by another environment
            raise forbidden("Unable to find a signing key that matches the token")
        if key is None or (key.expires_at is not None and key.expires_at <= self.account.now()):
            raise unauthorized()
        bearer, is_token = (header or b"")[:6].lower() == b"bearer", key.expires_at is not None
        if bearer != is_token and not (bearer and self.account.config.bearer_api_key):
            raise unauthorized()
        return key

    def admit(self, route: Route, header: bytes | None) -> auth.Key:
        """Return the key of a request. Raises RequestError 401, 403, 404 for a route that is off, or 429."""
        config = self.account.config
        if not config.candidates and route in CANDIDATES:
            raise no_such_path(f"/v1{route.path}")
        key = self.key(header)
        limit = self._limits.get(key.owner)
        if limit is None:
            limit = self._limits[key.owner] = RateLimit(config.rate, config.burst)
        if not limit.admit(time.monotonic()):
            raise faults.throttled(config.throttle_code, config.retry_after)
        if not key.allows(route.scope):
            raise forbidden(f"Missing permission {route.scope}")
        return key
