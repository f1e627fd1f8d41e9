"""Requests outside /v1: the status page, OAuth, and the control API under a path that Lever does not have.

The control API needs a full API key of the account and is served only under a loopback host name,
so that a web page in the same browser cannot reach it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from leverkit.emulator.account import changes
from leverkit.emulator.account.account import Account, summary
from leverkit.emulator.endpoints import creation
from leverkit.emulator.http import auth
from leverkit.emulator.http.faults import Fault
from leverkit.emulator.response import (
    RequestError,
    Response,
    bad_request,
    decode,
    encode,
    no_such_path,
    ok,
    unauthorized,
)
from leverkit.emulator.server import openapi, status_page
from leverkit.emulator.server.service import Service

ROOT = "/_emulator"
HOSTS = ("127.0.0.1", "localhost", "[::1]")
Action = Callable[..., Any]


def _create(account: Account, contact: str | None = None, **fields: Any) -> dict[str, str]:
    row = creation.create(account, contact, fields)
    return {"id": row.id, "contact": row.contact}


PAGE_ACTIONS: dict[str, Action] = {
    "add_tags": changes.add_tags,
    "remove_tags": changes.remove_tags,
    "move": changes.move,
    "archive": changes.archive,
    "delete": changes.delete,
    "anonymize": changes.anonymize,
    "merge": changes.merge,
    "set_confidential": changes.set_confidential,
    "set_posting_confidential": changes.set_posting_confidential,
    "edit_posting": changes.edit_posting,
    "update_contact": changes.update_contact,
    "rename_tag": changes.rename_tag,
    "rename_source": changes.rename_source,
    "create": _create,
}


def do_page_action(account: Account, name: str, given: dict[str, Any]) -> Any:
    """Do something that people do in Lever's pages. Raises RequestError 404 for an unknown action."""
    action = PAGE_ACTIONS.get(name)
    if action is None:
        raise no_such_path(f"{ROOT}/humans/{name}")
    return action(account, **given)


class ControlApi:
    """Handles every request that is not for /v1."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._actions: dict[tuple[str, str], Callable[[dict[str, Any]], Any]] = {
            ("GET", ""): self._summary,
            ("GET", "/config"): lambda _: service.account.config,
            ("PATCH", "/config"): lambda given: service.configure(**given),
            ("GET", "/faults"): lambda _: service.faults.all,
            ("POST", "/faults"): lambda given: service.add_fault(msgspec.convert(given, Fault)),
            ("DELETE", "/faults"): lambda _: service.faults.clear(),
            ("GET", "/log"): lambda _: list(service.log),
            ("DELETE", "/log"): lambda _: service.log.clear(),
            ("GET", "/state"): lambda _: summary(service.account),
            ("GET", "/deliveries"): lambda _: list(service.deliveries.history),
            ("POST", "/deliveries/rerun"): self._rerun,
            ("POST", "/actor"): self._step,
            ("POST", "/keys"): self._key,
            ("GET", "/oauth"): self._client,
        }

    def response(self, scope: dict[str, Any], body: bytes) -> Response:
        """Return the response to a request outside /v1."""
        headers = dict(scope["headers"])
        try:
            return self._respond(scope["method"], scope["path"], scope["query_string"], headers, body)
        except RequestError as error:
            return error.response()
        except (msgspec.ValidationError, TypeError) as error:
            return bad_request(str(error)).response()

    def _respond(
        self, method: str, path: str, query: bytes, headers: dict[bytes, bytes], body: bytes
    ) -> Response:
        host = headers.get(b"host", b"").decode("latin-1")
        if path == "/authorize" and method == "GET":
            return self._service.oauth.authorize(dict(parse_qsl(query.decode("latin-1"))))
        if path == "/oauth/token" and method == "POST":
            return self._service.oauth.token(body, headers.get(b"content-type", b""))
        if host.rpartition(":")[0] not in HOSTS and host not in HOSTS:
            raise no_such_path(path)
        if path == "/" and method == "GET":
            return Response(200, status_page.render(self._service, f"http://{host}"), status_page.HEADERS)
        if path == f"{ROOT}/openapi.json" and method == "GET":
            return Response(200, encode(openapi.describe(f"http://{host}/v1", self._service.account)))
        if path == ROOT or path.startswith(ROOT + "/"):
            return self._control(method, path.removeprefix(ROOT), headers.get(b"authorization"), body)
        raise no_such_path(path)

    def _control(self, method: str, path: str, authorization: bytes | None, body: bytes) -> Response:
        key = self._service.admission.keys.get(auth.read_secret(authorization) or "")
        if key is None or key.scopes is not None or not key.confidential:
            raise unauthorized()
        given = _object(body)
        kind, _, name = path[1:].partition("/")
        if method == "POST" and kind == "humans":
            return ok(do_page_action(self._service.account, name, given))
        action = self._actions.get((method, path.rstrip("/")))
        if action is None:
            raise no_such_path(ROOT + path)
        return ok(action(given))

    def _rerun(self, given: dict[str, Any]) -> Any:
        return {"sent": self._service.deliveries.rerun(str(given.get("id")))}

    def _step(self, given: dict[str, Any]) -> Any:
        return [self._service.simulated_users.step() for _ in range(int(given.get("steps", 1)))]

    def _key(self, given: dict[str, Any]) -> Any:
        confidential = bool(given.get("confidential", True))
        return {"api_key": self._service.new_key(given.get("scopes"), confidential=confidential)}

    def _client(self, _: dict[str, Any]) -> Any:
        return {
            "client_id": self._service.oauth.client_id,
            "client_secret": self._service.oauth.client_secret,
        }

    def _summary(self, _: dict[str, Any]) -> Any:
        account = self._service.account
        return {
            "opportunities": len(account.rows),
            "contacts": len(account.by_contact),
            "postings": len(account.postings),
            "tags": len(account.tags),
            "deleted": len(account.deleted),
            "requests": len(self._service.log),
            "deliveries_under_way": self._service.deliveries.in_flight,
            "humans": dict(self._service.simulated_users.counts),
            "accidents": self._service.faults.accidents,
        }


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = decode(body or b"{}")
    except msgspec.DecodeError as error:
        raise bad_request(str(error)) from error
    if not isinstance(value, dict):
        raise bad_request("An object is needed")
    return value
