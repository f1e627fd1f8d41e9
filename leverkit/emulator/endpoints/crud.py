"""Create, update and delete objects on which nothing else depends: requisitions, templates, panels, users."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from leverkit.emulator.account import events
from leverkit.emulator.account.account import Account, Object
from leverkit.emulator.account.filters import single
from leverkit.emulator.account.objects import blank_object
from leverkit.emulator.account.opportunity import Row
from leverkit.emulator.endpoints import children
from leverkit.emulator.endpoints.opportunities import find, visible_opportunity
from leverkit.emulator.http.request import Request
from leverkit.emulator.response import Response, bad_request, decode, ok

LISTS = ("requisitions", "requisition_fields", "feedback_templates", "form_templates")
KINDS = ("notes", "feedback", "forms", "panels", "interviews", "files")
DEFAULTS: dict[str, Object] = decode(Path(__file__).with_name("new_children.json").read_bytes())


def new_object(account: Account, fields: Object) -> Object:
    """Return a new object: the sent fields with an id and times."""
    at = account.tick()
    return {"text": "", **fields, "id": account.new_id(), "createdAt": at, "updatedAt": at}


def _items(kind: str, request: Request) -> tuple[list[Object], Row | None]:
    """Return the stored list of a kind, and the opportunity in the path under which it is, if any."""
    if kind in LISTS:
        return request.account.lists.setdefault(kind, []), None
    row = visible_opportunity(request)
    return children.stored_children(request.account, row, kind), row


def create(name: str, request: Request) -> Response:
    """POST /<name>."""
    item = new_object(request.account, request.json())
    request.account.lists.setdefault(name, []).insert(0, item)
    return ok(item, status=201)


def update(kind: str, request: Request) -> Response:
    """PUT /<kind>/:id, or …/:id/<kind>/:id: sets the sent fields; id and createdAt stay."""
    items, row = _items(kind, request)
    item = find(items, request.ids[-1], kind)
    item.update({**request.json(), "id": item["id"], "createdAt": item.get("createdAt")})
    item["updatedAt"] = request.account.tick()
    events.emit_for_child(request.account, kind, "Updated", row, item)
    return ok(item)


def delete(kind: str, request: Request) -> Response:
    """DELETE /<kind>/:id, or …/:id/<kind>/:id."""
    items, row = _items(kind, request)
    item = find(items, request.ids[-1], kind)
    items.remove(item)
    events.emit_for_child(request.account, kind, "Deleted", row, item)
    return Response(204, b"")


def _panel(account: Account, row: Row, item: Object) -> None:
    """Store the interviews of a new panel as interviews of the opportunity too."""
    given: Any = item.get("interviews")
    found = (
        [interview for interview in given if isinstance(interview, dict)] if isinstance(given, list) else []
    )
    item["interviews"] = [{**new_object(account, interview), "panel": item["id"]} for interview in found]
    children.stored_children(account, row, "interviews")[:0] = item["interviews"]
    for interview in item["interviews"]:
        events.emit_for_child(account, "interviews", "Created", row, interview)


def create_child(kind: str, request: Request) -> Response:
    """POST …/:id/<kind>."""
    account, row = request.account, visible_opportunity(request)
    user = single(request.query, "perform_as")
    item = new_object(account, {**DEFAULTS.get(kind, {}), **request.json(), "user": user})
    if kind in ("forms", "feedback"):
        item = {"stage": row.stage, "completedAt": item["createdAt"], **item}
    if kind == "panels":
        _panel(account, row, item)
    children.stored_children(account, row, kind).insert(0, item)
    events.emit_for_child(account, kind, "Created", row, item)
    return ok(item, status=201)


def _user_fields(request: Request) -> Object:
    fields = request.json()
    for name in ("name", "email", "accessRole", "username", "jobTitle", "managerId", "externalDirectoryId"):
        if not isinstance(fields.get(name), str | None):
            raise bad_request(f"{name} must be a string")
    if any(name in fields and fields[name] is None for name in ("name", "accessRole", "username")):
        raise bad_request("name, username and accessRole must be strings")
    return fields


def create_user(request: Request) -> Response:
    """POST /users."""
    fields, account = _user_fields(request), request.account
    if not fields.get("name") or not fields.get("email"):
        raise bad_request("name and email are required")
    optional = ("externalDirectoryId", "jobTitle", "managerId")
    user = blank_object(
        "user",
        id=account.new_id(),
        name=fields["name"],
        username=fields["email"].partition("@")[0],
        email=fields["email"],
        accessRole=fields.get("accessRole") or "interviewer",
        createdAt=account.tick(),
        **{name: fields.get(name) for name in optional},
    )
    account.users[user["id"]] = user
    return ok(user, status=201)


def _user(request: Request) -> Object:
    return find(request.account.users.values(), request.ids[0], "users")


def update_user(request: Request) -> Response:
    """PUT /users/:id: a partial update."""
    user = _user(request)
    known = {name: value for name, value in _user_fields(request).items() if name in user and name != "id"}
    user.update({name: value for name, value in known.items() if name not in ("createdAt", "deactivatedAt")})
    return ok(user)


def deactivate_user(request: Request) -> Response:
    """POST /users/:id/deactivate."""
    user = _user(request)
    user["deactivatedAt"] = request.account.tick()
    return ok(user)


def reactivate_user(request: Request) -> Response:
    """POST /users/:id/reactivate."""
    user = _user(request)
    user["deactivatedAt"] = None
    return ok(user)
