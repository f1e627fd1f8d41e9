"""Writes to one opportunity: tags, sources, links, stage, archive, notes (sections 3.3 and 3.6)."""

from __future__ import annotations

from typing import Any

from leverkit.emulator.account import changes, views
from leverkit.emulator.account.account import Object
from leverkit.emulator.account.changes import appended, set_list
from leverkit.emulator.account.filters import one
from leverkit.emulator.account.opportunity import Row
from leverkit.emulator.endpoints import children, tag_rules
from leverkit.emulator.endpoints.opportunities import visible
from leverkit.emulator.endpoints.tag_rules import texts
from leverkit.emulator.http.request import Request
from leverkit.emulator.response import Answer, Failure, bad_request, ok

UNKNOWN_USER = {400: "BadRequestError", 403: "ForbiddenError", 404: "ResourceNotFound"}


def performer(request: Request, *, required: bool = False) -> str | None:
    """Return the user named by perform_as (section 1.4). Raises Failure 400 if it is missing but required."""
    user = one(request.query, "perform_as")
    if user is None and request.config.perform_as_in_body:
        given = request.json().get("perform_as")
        user = given if isinstance(given, str) else None
    if user is None and (required or request.config.perform_as == "required"):
        raise bad_request("Missing required parameter: perform_as")
    known = request.account.users.get(user or "")
    if user is None or (known is not None and known.get("deactivatedAt") is None):
        return user
    return _unknown(request, user)


def _unknown(request: Request, user: str) -> str | None:
    status = request.config.unknown_perform_as
    if status == "ignore" or not request.account.users:
        return None
    raise Failure(status, UNKNOWN_USER[status], f"perform_as: users {user} was not found")


def writable(request: Request) -> Row:
    """Return the opportunity to change. Raises Failure 404, 403, or as configured for an anonymized one."""
    row, status = visible(request), request.config.anonymized_write
    if row.anonymized and status != 200:
        code = "BadRequestError" if status == 400 else "ForbiddenError"
        raise Failure(status, code, "Anonymized opportunities cannot be updated")
    return row


def written(request: Request, row: Row) -> Answer:
    """Answer a mutation: the new state, contact fields blank (section 3.3)."""
    return ok(views.after_write(row, blank=request.config.blank_contact_fields))


def add_tags(request: Request) -> Answer:
    """POST …/addTags: set semantics, new texts are created on the fly."""
    row, _ = writable(request), performer(request)
    tags = tag_rules.asked(request)
    changed = set_list(request.account, row, "tags", tag_rules.added(request, row, tags))
    if not changed and tags and request.config.repeated_add_bumps:
        request.account.edit(row, lambda value: None)
    return written(request, row)


def remove_tags(request: Request) -> Answer:
    """POST …/removeTags: an absent tag is no error."""
    row, _ = writable(request), performer(request)
    gone = tag_rules.asked(request)
    back = tag_rules.returning(request, row, gone)
    set_list(request.account, row, "tags", tag_rules.kept(request, row, gone))
    answer = written(request, row)
    set_list(request.account, row, "tags", appended(list(row.tags), back))
    return answer


def add_sources(request: Request) -> Answer:
    """POST …/addSources."""
    row, _ = writable(request), performer(request)
    set_list(request.account, row, "sources", appended(list(row.sources), texts(request, "sources")))
    return written(request, row)


def remove_sources(request: Request) -> Answer:
    """POST …/removeSources."""
    row, _ = writable(request), performer(request)
    gone = texts(request, "sources")
    set_list(request.account, row, "sources", [each for each in row.sources if each not in gone])
    return written(request, row)


def _links(request: Request, row: Row, links: list[str]) -> Answer:
    changes.update_contact(request.account, row.contact, {"links": links})
    return ok(views.after_write(row, blank=False))


def add_links(request: Request) -> Answer:
    """POST …/addLinks: changes the contact; the answer shows contact data (section 3.3)."""
    row, _ = writable(request), performer(request)
    return _links(request, row, appended(row.object().get("links", []), texts(request, "links")))


def remove_links(request: Request) -> Answer:
    """POST …/removeLinks."""
    row, _ = writable(request), performer(request)
    gone = texts(request, "links")
    return _links(request, row, [each for each in row.object().get("links", []) if each not in gone])


def set_stage(request: Request) -> Answer:
    """PUT …/stage `{"stage": id}`."""
    row, user = writable(request), performer(request)
    stage = request.json().get("stage")
    if not isinstance(stage, str) or stage not in request.account.ranks:
        raise bad_request("stage must be the id of a stage")
    changes.move(request.account, row.id, stage, user=user)
    return written(request, row)


def set_archived(request: Request) -> Answer:
    """PUT …/archived `{"reason": id or null}`; null un-archives."""
    row, _ = writable(request), performer(request)
    body = request.json()
    reason: Any = body.get("reason")
    known = {each["id"] for each in request.account.archive_reasons}
    if "reason" not in body or (reason is not None and (not isinstance(reason, str) or reason not in known)):
        raise bad_request("reason must be the id of an archive reason, or null")
    changes.archive(request.account, row.id, reason)
    return written(request, row)


def add_note(request: Request) -> Answer:
    """POST …/notes `{"value": text}`: bumps lastInteractionAt, not updatedAt (section 3.6).

    `createdAt` may be in the past, as EF's import sends it; then it is no later interaction.
    """
    row, user = writable(request), performer(request)
    body, account = request.json(), request.account
    text, given = body.get("value"), body.get("createdAt")
    if not isinstance(text, str):
        raise bad_request("value must be a string")
    if given is not None and (type(given) is not int or not 0 <= given <= account.now()):
        raise bad_request("createdAt must be a timestamp in the past")
    at, identifier = account.tick() if given is None else given, account.new_id()
    field = {"type": "note", "text": "Comment", "value": text, "score": None, "stage": row.stage}
    note: Object = {"id": identifier, "text": "Note", "fields": [field | {"user": user, "createdAt": at}]}
    note |= {
        "user": user,
        "secret": body.get("secret") is True,
        "completedAt": at,
        "createdAt": at,
        "deletedAt": None,
    }
    children.kept(account, row, "notes").insert(0, note)
    last = max(at, row.object()["lastInteractionAt"])
    account.edit(row, lambda value: value.update(lastInteractionAt=last), touch=False)
    return ok(note, status=201)
