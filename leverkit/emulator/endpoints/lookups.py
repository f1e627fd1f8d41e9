"""Contacts, users, tags, stages and the other small lists (sections 5 and 6)."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable

from leverkit.emulator.account import changes, offset_tokens, views
from leverkit.emulator.account.account import Object
from leverkit.emulator.account.filters import Query, flag, milliseconds, single
from leverkit.emulator.account.opportunity import Row
from leverkit.emulator.endpoints.opportunities import (
    confidential_error,
    envelope,
    find,
    in_range,
    listed_confidentiality,
    page,
    selected_fields,
)
from leverkit.emulator.http.request import Request
from leverkit.emulator.response import Response, bad_request, encode, not_found, ok


def by_id(request: Request, items: Iterable[Object], resource: str) -> Response:
    """Return the object of the path. Raises RequestError 404."""
    return ok(selected_fields(request, find(items, request.ids[0], resource)))


def _sort_key(text: str) -> tuple[str, str]:
    """Return the sort key of texts in Lever's lists: small letters before capitals (recorded)."""
    return text.casefold(), text.swapcase()


def _counts_page(request: Request, counts: Counter[str]) -> Response:
    order = sorted(counts, key=_sort_key)
    at = 0
    if request.offset is not None:
        wanted: str = offset_tokens.read(request.offset, (str,))[0]
        at = bisect_left(order, _sort_key(wanted), key=_sort_key)
    after = at + request.limit()
    following = offset_tokens.write((order[after],)) if after < len(order) else None
    return envelope((encode({"count": counts[text], "text": text}) for text in order[at:after]), following)


def tags(request: Request) -> Response:
    """GET /tags: every tag in use with the number of opportunities, active and archived (section 3.4)."""
    account, counted = request.account, request.config.tag_counts
    delay = max(request.config.stale_counts_ms, request.stale_ms)
    if (account.history is None or not delay) and counted == "all":
        return _counts_page(request, account.tags)
    rows = (row for row in account.rows_as_of(delay) if _is_counted(row, counted))
    return _counts_page(request, Counter(tag for row in rows for tag in row.tags))


def _is_counted(row: Row, counted: str) -> bool:
    if counted == "active":
        return row.archived is None
    return counted == "all" or not row.confidential


def sources(request: Request) -> Response:
    """GET /sources, in the shape of /tags."""
    return _counts_page(request, request.account.sources)


def _stages(request: Request) -> list[Object]:
    return [{"id": stage["id"], "text": stage["text"]} for stage in request.account.stages]


def stages(request: Request) -> Response:
    """GET /stages in pipeline order."""
    return in_order(request, _stages(request))


def stage(request: Request) -> Response:
    """GET /stages/:id."""
    return by_id(request, _stages(request), "stages")


def in_order(request: Request, items: list[Object]) -> Response:
    """Return a page of objects in their own order; token `[position, id]`."""
    at = max(offset_tokens.read(request.offset, (int, str))[0], 0) if request.offset is not None else 0
    after = at + request.limit()
    following = offset_tokens.write((after, items[after]["id"])) if after < len(items) else None
    return envelope(map(encode, items[at:after]), following)


def disposition_stages(request: Request) -> Response:
    """GET /disposition_stages: the pipeline with ranks (section 2.2)."""
    reasons = [
        {"id": reason["id"], "text": reason["text"], "type": kind, "status": reason["status"]}
        for reason in request.account.archive_reasons
        for kind in ["hired" if reason["type"] == "hired" else None]
    ]
    shown = request.account.dispositions or reasons
    return ok({"stages": request.account.stages, "archiveReasons": shown})


def archive_reasons(request: Request) -> Response:
    """GET /archive_reasons, filter `type`."""
    wanted = single(request.query, "type")
    found = [reason for reason in request.account.archive_reasons if wanted in (None, reason["type"])]
    return in_order(request, found)


def archive_reason(request: Request) -> Response:
    """GET /archive_reasons/:id."""
    return by_id(request, request.account.archive_reasons, "archive_reasons")


def _user_matches(user: Object, query: Query) -> bool:
    email, external = single(query, "email"), single(query, "external_directory_id")
    roles = query.get("accessRole", []) + query.get("accessRole[]", [])
    return (
        (email is None or (user.get("email") or "").casefold() == email.strip().casefold())
        and (not roles or user.get("accessRole") in roles)
        and (external is None or user.get("externalDirectoryId") == external)
        and (bool(flag(query, "includeDeactivated")) or user.get("deactivatedAt") is None)
    )


def users(request: Request) -> Response:
    """GET /users: active ones by default, newest first (section 6)."""
    found = [user for user in request.account.users.values() if _user_matches(user, request.query)]
    return page(request, found, "createdAt", descending=True)


def user(request: Request) -> Response:
    """GET /users/:id."""
    return by_id(request, request.account.users.values(), "users")


def contact(request: Request) -> Response:
    """GET /contacts/:id; there is no list of contacts (section 5)."""
    identifier = request.ids[0]
    if request.config.merge_loser == "winner":
        identifier = request.account.merged_into.get(identifier, identifier)
    found = views.contact(request.account, identifier)
    if found is None:
        raise not_found("contacts", identifier)
    return ok(found)


CONTACT_FIELDS = {"name": str, "headline": str, "location": str, "emails": list, "phones": list}


def put_contact(request: Request) -> Response:
    """PUT /contacts/:id: a partial update; the answer lacks isAnonymized and dataProtection (section 5)."""
    account, identifier = request.account, request.ids[0]
    found = views.contact(account, identifier)
    if found is None:
        raise not_found("contacts", identifier)
    if found.get("isAnonymized"):
        raise bad_request("Anonymized contacts cannot be updated")
    fields = {name: value for name, value in request.json().items() if name in CONTACT_FIELDS}
    if not all(_fits(name, value) for name, value in fields.items()):
        raise bad_request("A field of the contact has the wrong type")
    changes.update_contact(account, identifier, fields)
    shown = views.contact(account, identifier) or {}
    hidden = ("isAnonymized", "dataProtection")
    return ok({name: value for name, value in shown.items() if name not in hidden})


def _fits(name: str, value: object) -> bool:
    inner = str if name == "emails" else dict
    return isinstance(value, CONTACT_FIELDS[name]) and (
        not isinstance(value, list) or all(isinstance(item, inner) for item in value)
    )


OPEN = "non-confidential"
EQUAL: dict[str, Callable[[Object], object]] = {
    "status": lambda item: item.get("status"),
    "requisition_code": lambda item: item.get("requisitionCode"),
    "type": lambda item: item.get("type"),
    "user_id": lambda item: (item.get("user") or {}).get("id"),
    "target_type": lambda item: (item.get("target") or {}).get("type"),
}


def stored_list(name: str, key: str, request: Request) -> Response:
    """GET /<name>, a stored list: requisitions, audit events, templates."""
    found = request.account.lists.get(name, [])
    if name == "requisitions":
        shown = listed_confidentiality(request)
        found = [item for item in found if shown in ("all", item.get("confidentiality", OPEN))]
    for bounds, field in (("created_at", "createdAt"), ("updated_at", "updatedAt")):
        found = in_range(request, found, bounds, field)
    for parameter, of in EQUAL.items():
        wanted = request.query.get(parameter)
        found = [item for item in found if not wanted or of(item) in wanted]
    return page(request, found, key, descending=key == "createdAt")


def stored_item(name: str, request: Request) -> Response:
    """GET /<name>/:id, one object of such a list."""
    item = find(request.account.lists.get(name, []), request.ids[0], name)
    if item.get("confidentiality", OPEN) != OPEN and not request.key.confidential:
        raise confidential_error(request, name)
    return ok(selected_fields(request, item))


WINDOW = 30 * 86_400_000


def deleted_list(name: str, request: Request) -> Response:
    """GET /<name>/deleted: rows with id and deletedAt (section 3.2).

    Both bounds are documented as required and at most 30 days apart; without either, Lever was seen to
    return 200.
    """
    low, high = (milliseconds(request.query, f"deleted_at_{end}") for end in ("start", "end"))
    if (low is None) != (high is None):
        raise bad_request("deleted_at_start and deleted_at_end are both required")
    if low is not None and high is not None and high - low > WINDOW:
        raise bad_request("deleted_at_start and deleted_at_end may be 30 days apart at most")
    found = in_range(request, request.account.lists.get(f"deleted_{name}", []), "deleted_at", "deletedAt")
    return page(request, found, "deletedAt")


def eeo_responses(request: Request) -> Response:
    """GET /eeo/responses and /eeo/responses/pii: an object, not a page (Lever's documentation)."""
    found = request.account.lists.get("eeo_responses", [])
    return ok({"eeoResponses": in_range(request, found, "created_at", "appliedAt")})
