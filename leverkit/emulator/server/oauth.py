"""OAuth 2 as Lever's Auth0 does it: authorize, token, refresh with rotation (section 1.3)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec

from leverkit.emulator.account.account import Account
from leverkit.emulator.http.auth import Key
from leverkit.emulator.response import Response, decode, encode
from leverkit.emulator.server.admission import Admission

DAY = 86_400_000
JSON = [(b"content-type", b"application/json")]


class Grant(msgspec.Struct):
    """A consent. `given`, `made` (the refresh token) and `replaced` are in milliseconds since epoch.

    Rotation does not renew a consent: it ends a year after it was given (section 1.3).
    """

    scopes: tuple[str, ...]
    redirect_uri: str
    audience: str
    given: int
    made: int
    replaced: int | None = None


class OAuth:
    """One client application. A super admin consents at once, or never (switch `oauth_consent`)."""

    def __init__(self, account: Account, admission: Admission) -> None:
        self.account, self.admission = account, admission
        self.client_id, self.client_secret = "emulator-client", secrets.token_urlsafe(24)
        self._codes: dict[str, Grant] = {}
        self._refresh: dict[str, Grant] = {}
        self._signing_key = secrets.token_bytes(32)

    def authorize(self, query: dict[str, str]) -> Response:
        """GET /authorize: redirects with a code, or with error=access_denied."""
        redirect = query.get("redirect_uri", "")
        if query.get("client_id") != self.client_id or "://" not in redirect:
            return _error(400, "invalid_request", "Unknown client, or no redirect_uri")
        if query.get("response_type") != "code":
            return _error(400, "unsupported_response_type", "response_type must be code")
        state = {"state": query["state"]} if "state" in query else {}
        if self.account.config.oauth_consent == "deny":
            denied = {"error": "access_denied", "error_description": "User did not authorize the request"}
            return _redirect(redirect, {**state, **denied})
        scopes = tuple(query.get("scope", "").split())
        if not query.get("audience", "").endswith("/v1/"):
            scopes = tuple(scope for scope in scopes if scope == "offline_access")
        code, now = secrets.token_urlsafe(24), self.account.now()
        self._codes[code] = Grant(scopes, redirect, query.get("audience", ""), now, now)
        return _redirect(redirect, {"code": code, **state})

    def token(self, body: bytes, content_type: bytes) -> Response:
        """POST /oauth/token with a form, or JSON as Lever's sample application does."""
        try:
            fields = _fields(body, content_type)
        except msgspec.DecodeError:
            return _error(400, "invalid_request", "The body cannot be read")
        secret = str(fields.get("client_secret", ""))
        known = hmac.compare_digest(secret.encode(), self.client_secret.encode())
        if fields.get("client_id") != self.client_id or not known:
            return _error(401, "access_denied", "Unauthorized")
        if fields.get("grant_type") == "authorization_code":
            return self._exchange(fields)
        if fields.get("grant_type") == "refresh_token":
            return self._rotate(str(fields.get("refresh_token", "")))
        return _error(403, "unauthorized_client", "Grant type not allowed")

    def _exchange(self, fields: dict[str, Any]) -> Response:
        grant = self._codes.pop(str(fields.get("code", "")), None)
        if grant is None or grant.redirect_uri != fields.get("redirect_uri"):
            return _error(403, "invalid_grant", "Invalid authorization code")
        return self._tokens(grant)

    def _rotate(self, token: str) -> Response:
        grant, now = self._refresh.get(token), self.account.now()
        if grant is None or now - grant.given > 365 * DAY or now - grant.made > 90 * DAY:
            return _error(403, "invalid_grant", "Unknown or invalid refresh token.")
        if grant.replaced is not None and now - grant.replaced > 1000 * self.account.config.oauth_grace_s:
            return _error(403, "invalid_grant", "Unknown or invalid refresh token.")
        grant.replaced = grant.replaced or now
        return self._tokens(grant)

    def _tokens(self, grant: Grant) -> Response:
        now, life, scopes = self.account.now(), self.account.config.oauth_expiry_s, grant.scopes
        refresh = secrets.token_urlsafe(32)
        self._refresh[refresh] = msgspec.structs.replace(grant, made=now, replaced=None)
        access = self._jwt(grant, now, life)
        confidential = "confidential:access:admin" in scopes
        granted = frozenset(scopes)
        self.admission.add(Key(access, f"oauth:{self.client_id}", confidential, granted, now + life * 1000))
        value: dict[str, Any] = {"access_token": access}
        if "offline_access" in scopes:
            value["refresh_token"] = refresh
        value |= {"scope": " ".join(scopes), "expires_in": int(life), "token_type": "Bearer"}
        return Response(200, encode(value), JSON)

    def _jwt(self, grant: Grant, now: int, life: float) -> str:
        user = next(iter(self.account.users), "")
        claims = {
            "https://oauth.lever.co/userId": user,
            "https://oauth.lever.co/accountId": "emulated",
            "https://oauth.lever.co/clientId": self.client_id,
            "iss": "https://auth.lever.co/",
            "sub": user,
            "aud": grant.audience,
            "iat": now // 1000,
            "exp": now // 1000 + int(life),
            "azp": self.client_id,
            "scope": " ".join(grant.scopes),
            "jti": secrets.token_hex(8),
        }
        signed = b".".join((_base64({"alg": "HS256", "typ": "JWT"}), _base64(claims)))
        mark = hmac.new(self._signing_key, signed, hashlib.sha256).digest()
        return (signed + b"." + base64.urlsafe_b64encode(mark).rstrip(b"=")).decode()


def _base64(value: dict[str, Any]) -> bytes:
    return base64.urlsafe_b64encode(encode(value)).rstrip(b"=")


def _fields(body: bytes, content_type: bytes) -> dict[str, Any]:
    if content_type.startswith(b"application/json"):
        value = decode(body)
        return value if isinstance(value, dict) else {}
    return dict(parse_qsl(body.decode("utf-8", "replace")))


def _error(status: int, error: str, description: str) -> Response:
    return Response(status, encode({"error": error, "error_description": description}), JSON)


def _redirect(address: str, query: dict[str, str]) -> Response:
    mark = "&" if "?" in address else "?"
    return Response(302, b"", [(b"location", f"{address}{mark}{urlencode(query)}".encode())])
