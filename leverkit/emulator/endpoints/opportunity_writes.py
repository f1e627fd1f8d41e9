"""Writes to one opportunity: tags, sources, links, stage, archive, notes (sections 3.3 and 3.6)."""

from __future__ import annotations

from typing import Any

from leverkit.emulator.account import changes, views
from leverkit.emulator.account.account import Account
from leverkit.emulator.account.changes import append_new, set_list
from leverkit.emulator.account.filters import single
from leverkit.emulator.account.opportunity import Row
from leverkit.emulator.endpoints import children, tag_rules
from leverkit.emulator.endpoints.opportunities import visible_opportunity
from leverkit.emulator.endpoints.tag_rules import string_list
from leverkit.emulator.http.request import Request
from leverkit.emulator.response import RequestError, Response, bad_request, ok


def performer(request: Request, *, required: bool = False) -> str | None:
    """Return the user in perform_as (section 1.4). Raises RequestError 400 if it is required and missing."""
    user = single(request.query, "perform_as")
    if user is None and request.config.perform_as_in_body:
        given = request.json().get("perform_as")
        user = given if isinstance(given, str) else None
    if user is None and (required or request.config.perform_as == "required"):
        raise bad_request("Missing required parameter: perform_as")
    known, status = request.account.users.get(user or ""), request.config.unknown_perform_as
    if user is None or (known is not None and known.get("deactivatedAt") is None):
        return user
    if status == "ignore" or not request.account.users:
        return None
    raise RequestError(status, f"perform_as: users {user} was not found")


def writable(request: Request) -> Row:
    """Return the opportunity to change. Raises RequestError 404, 403, or as configured for anonymized."""
    row, status = visible_opportunity(request), request.config.anonymized_write
    if row.anonymized and status != 200:
        raise RequestError(status, "Anonymized opportunities cannot be updated")
    return row


def mutation_response(request: Request, row: Row) -> Response:
    """Return the new state of an opportunity, contact fields blank (section 3.3)."""
    return ok(views.mutation_result(row, blank=request.config.blank_contact_fields))


def add_tags(request: Request) -> Response:
    """POST …/addTags: set semantics, new texts are created on the fly."""
    row, _ = writable(request), performer(request)
    tags = tag_rules.requested_tags(request)
    changed = set_list(request.account, row, "tags", tag_rules.tags_after_adding(request, row, tags))
    if not changed and tags and request.config.repeated_add_bumps:
        request.account.edit(row, lambda value: None)
    return mutation_response(request, row)


def remove_tags(request: Request) -> Response:
    """POST …/removeTags: an absent tag is no error."""
    row, _ = writable(request), performer(request)
    gone = tag_rules.requested_tags(request)
    back = tag_rules.tags_put_back(request, row, gone)
    set_list(request.account, row, "tags", tag_rules.tags_after_removal(request, row, gone))
    response = mutation_response(request, row)
    set_list(request.account, row, "tags", append_new(row.tags, back))
    return response


def add_sources(request: Request) -> Response:
    """POST …/addSources."""
    row, _ = writable(request), performer(request)
    sources = append_new(row.sources, string_list(request.json(), "sources"))
    set_list(request.account, row, "sources", sources)
    return mutation_response(request, row)


def remove_sources(request: Request) -> Response:
    """POST …/removeSources."""
    row, _ = writable(request), performer(request)
    gone = string_list(request.json(), "sources")
    set_list(request.account, row, "sources", [item for item in row.sources if item not in gone])
    return mutation_response(request, row)


def _links(request: Request, row: Row, links: list[str]) -> Response:
    changes.update_contact(request.account, row.contact, {"links": links})
    return ok(views.mutation_result(row, blank=False))


def add_links(request: Request) -> Response:
    """POST …/addLinks: changes the contact; the answer shows contact data (section 3.3)."""
    row, _ = writable(request), performer(request)
    links = string_list(request.json(), "links")
    return _links(request, row, append_new(row.object().get("links", []), links))


def remove_links(request: Request) -> Response:
    """POST …/removeLinks."""
    row, _ = writable(request), performer(request)
    gone = string_list(request.json(), "links")
    return _links(request, row, [item for item in row.object().get("links", []) if item not in gone])


def set_stage(request: Request) -> Response:
    """PUT …/stage `{"stage": id}`."""
    row, user = writable(request), performer(request)
    stage = request.json().get("stage")
    if not isinstance(stage, str) or stage not in request.account.ranks:
        raise bad_request("stage must be the id of a stage")
    changes.move(request.account, row.id, stage, user=user)
    return mutation_response(request, row)


def set_archived(request: Request) -> Response:
    """PUT …/archived `{"reason": id or null}`; null un-archives."""
    row, _ = writable(request), performer(request)
    body = request.json()
    reason: Any = body.get("reason")
    known = {item["id"] for item in request.account.archive_reasons}
    if "reason" not in body or (reason is not None and (not isinstance(reason, str) or reason not in known)):
        raise bad_request("reason must be the id of an archive reason, or null")
    changes.archive(request.account, row.id, reason)
    return mutation_response(request, row)


def check_past(account: Account, created_at: Any) -> None:
    """Raise RequestError 400 for a createdAt that is no time, or in the future; None is left to Lever."""
    if created_at is not None and (type(created_at) is not int or not 0 <= created_at <= account.now()):
        raise bad_request("createdAt must be a timestamp in the past")


def add_note(request: Request) -> Response:
    """POST …/notes `{"value": text}`: bumps lastInteractionAt, not updatedAt (section 3.6).

    `createdAt` may be in the past, as EF's import sends it; then it is no later interaction.
    """
    row, user = writable(request), performer(request)
    body, account = request.json(), request.account
    text, given = body.get("value"), body.get("createdAt")
    if not isinstance(text, str):
        raise bad_request("value must be a string")
    check_past(account, given)
    at, identifier = account.tick() if given is None else given, account.new_id()
    note = children.new_note(row, user, identifier, text, at) | {"secret": body.get("secret") is True}
    children.stored_children(account, row, "notes").insert(0, note)
    last = max(at, row.object()["lastInteractionAt"])
    account.edit(row, lambda value: value.update(lastInteractionAt=last), touch=False)
    return ok(note, status=201)
