"""Webhooks as the API manages them (section 8.1): create, list, bulk update, delete."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlsplit

from leverkit.emulator.account.account import Object
from leverkit.emulator.account.events import CONDITIONAL, EVENTS, ORIGINS
from leverkit.emulator.endpoints.opportunities import find
from leverkit.emulator.http.deliveries import LOOPBACK
from leverkit.emulator.http.request import Request
from leverkit.emulator.response import Response, bad_request, not_found, ok


def _public(hook: Object) -> Object:
    """Return a webhook as lists show it: without its signature token."""
    shown = {name: value for name, value in hook["configuration"].items() if name != "signatureToken"}
    return {**{name: hook[name] for name in PUBLIC}, "configuration": shown}


PUBLIC = ("id", "event", "url", "configuration", "createdAt", "updatedAt")


def _own(request: Request) -> list[Object]:
    return [hook for hook in request.account.webhooks if hook["owner"] == request.key.owner]


def listing(request: Request) -> Response:
    """GET /webhooks: only those made with this key; the envelope has only `data`."""
    return ok([_public(hook) for hook in _own(request)])


def _configuration(given: Any, event: str) -> Object:
    """Return a checked configuration: all six origins by default, empty for an event without conditions."""
    if given is not None and not isinstance(given, dict):
        raise bad_request("configuration must be an object")
    conditions = (given or {}).get("conditions") or {}
    if not isinstance(conditions, dict):
        raise bad_request("conditions must be an object")
    origins = conditions.get("origins", list(ORIGINS))
    if not isinstance(origins, list) or not all(item in ORIGINS for item in origins):
        raise bad_request("origins must be known origins")
    return {"conditions": {"origins": origins}} if event in CONDITIONAL else {}


def _checked(request: Request, body: Object) -> None:
    url, event = body.get("url"), body.get("event")
    if not isinstance(url, str) or not _deliverable(url, anywhere=request.config.webhook_anywhere):
        raise bad_request("url must be an https address")
    if event not in EVENTS:
        raise bad_request("event must be a known event")


def _deliverable(url: str, *, anywhere: bool) -> bool:
    """Return True for an https address, as Lever requires, and for http on this computer (or by switch)."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    local = parts.scheme == "http" and (anywhere or parts.hostname in LOOPBACK)
    return bool(parts.hostname) and (parts.scheme == "https" or local)


def create(request: Request) -> Response:
    """POST /webhooks: 201, the only answer that shows the signature token (48 hex characters)."""
    body, account = request.json(), request.account
    _checked(request, body)
    at = account.tick()
    token = {"signatureToken": secrets.token_hex(24)}
    configuration = _configuration(body.get("configuration"), body["event"]) | token
    hook = {"id": account.new_id(), "event": body["event"], "url": body["url"]}
    hook |= {"configuration": configuration, "createdAt": at, "updatedAt": at}
    account.webhooks.append({**hook, "owner": request.key.owner})
    if (body.get("configuration") or {}).get("verifyConnection"):
        account.emit(body["event"], {"data": {}, "origin": None, "only": hook["id"]})
    return ok({"data": hook} if request.config.webhook_nested else hook, status=201)


def update(request: Request) -> Response:
    """PUT /webhooks: bulk, `{"data": [{id, url?, event?, configuration?}]}`."""
    given = request.json().get("data")
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise bad_request("data must be an array of webhooks")
    own = {hook["id"]: hook for hook in _own(request)}
    for change in given:
        if change.get("id") not in own:
            raise not_found("webhooks", str(change.get("id")))
        fields = {name: change[name] for name in ("url", "event") if name in change}
        _checked(request, own[change["id"]] | fields)
        _configuration(change.get("configuration"), change.get("event", ""))
    return ok([_public(_updated(request, own[change["id"]], change)) for change in given])


def _updated(request: Request, hook: Object, change: Object) -> Object:
    hook.update({name: change[name] for name in ("url", "event") if name in change})
    if "configuration" in change:
        token = {"signatureToken": hook["configuration"]["signatureToken"]}
        hook["configuration"] = _configuration(change["configuration"], hook["event"]) | token
    hook["updatedAt"] = request.account.tick()
    if (change.get("configuration") or {}).get("verifyConnection"):
        request.account.emit(hook["event"], {"data": {}, "origin": None, "only": hook["id"]})
    return hook


def delete(request: Request) -> Response:
    """DELETE /webhooks/:id: 204, empty."""
    request.account.webhooks.remove(find(_own(request), request.ids[0], "webhooks"))
    return Response(204, b"")
