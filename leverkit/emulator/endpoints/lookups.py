"""Contacts, users, and the small lists around opportunities (sections 5 and 6)."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable

from leverkit.emulator.account import changes, views
from leverkit.emulator.account.account import Object
from leverkit.emulator.account.filters import Query, flag, milliseconds, one
from leverkit.emulator.account.offset_tokens import read, write
from leverkit.emulator.endpoints.opportunities import allowed, between, confidential, envelope, page, trimmed
from leverkit.emulator.http.request import Request
from leverkit.emulator.response import Answer, bad_request, encode, not_found, ok


def named(request: Request, items: Iterable[Object], resource: str) -> Answer:
    """Answer the object of the path. Raises Failure 404 with the plural resource name."""
    for item in items:
        if item["id"] == request.ids[0]:
            return ok(trimmed(request, item))
    raise not_found(resource, request.ids[0])


def _spelling(text: str) -> tuple[str, str]:
    """Return the key of the alphabet in which Lever lists texts: small letters before capitals (recorded)."""
    return text.casefold(), text.swapcase()


def _counted(request: Request, counts: Counter[str]) -> Answer:
    order = sorted(counts, key=_spelling)
    at = 0
    if request.offset is not None:
        wanted: str = read(request.offset, (str,))[0]
        at = bisect_left(order, _spelling(wanted), key=_spelling)
    after = at + request.limit()
    following = write((order[after],)) if after < len(order) else None
    return envelope((encode({"count": counts[text], "text": text}) for text in order[at:after]), following)


def tags(request: Request) -> Answer:
    """GET /tags: every tag in use with the number of opportunities, active and archived (section 3.4)."""
    delay = max(request.config.stale_counts_ms, request.stale_ms)
    if request.account.history is None or not delay:
        return _counted(request, request.account.tags)
    return _counted(request, Counter(tag for row in request.account.rows_as_of(delay) for tag in row.tags))


def sources(request: Request) -> Answer:
    """GET /sources, in the shape of /tags."""
    return _counted(request, request.account.sources)


def _stages(request: Request) -> list[Object]:
    return [{"id": stage["id"], "text": stage["text"]} for stage in request.account.stages]


def stages(request: Request) -> Answer:
    """GET /stages in pipeline order."""
    return in_order(request, _stages(request))


def stage(request: Request) -> Answer:
    """GET /stages/:id."""
    return named(request, _stages(request), "stages")


def in_order(request: Request, items: list[Object]) -> Answer:
    """Answer a page of objects in the order they have; token `[place, id]`."""
    at = max(read(request.offset, (int, str))[0], 0) if request.offset is not None else 0
    after = at + request.limit()
    following = write((after, items[after]["id"])) if after < len(items) else None
    return envelope(map(encode, items[at:after]), following)


def disposition_stages(request: Request) -> Answer:
    """GET /disposition_stages: the pipeline with ranks (section 2.2)."""
    reasons = [
        {
            "id": reason["id"],
            "text": reason["text"],
            "type": "hired" if reason["type"] == "hired" else None,
            "status": reason["status"],
        }
        for reason in request.account.archive_reasons
    ]
    shown = request.account.dispositions or reasons
    return ok({"stages": request.account.stages, "archiveReasons": shown})


def archive_reasons(request: Request) -> Answer:
    """GET /archive_reasons, filter `type`."""
    wanted = one(request.query, "type")
    found = [each for each in request.account.archive_reasons if wanted in (None, each["type"])]
    return in_order(request, found)


def archive_reason(request: Request) -> Answer:
    """GET /archive_reasons/:id."""
    return named(request, request.account.archive_reasons, "archive_reasons")


def _user_matches(user: Object, query: Query) -> bool:
    email, external = one(query, "email"), one(query, "external_directory_id")
    roles = query.get("accessRole", []) + query.get("accessRole[]", [])
    return (
        (email is None or (user.get("email") or "").casefold() == email.strip().casefold())
        and (not roles or user.get("accessRole") in roles)
        and (external is None or user.get("externalDirectoryId") == external)
        and (bool(flag(query, "includeDeactivated")) or user.get("deactivatedAt") is None)
    )


def users(request: Request) -> Answer:
    """GET /users: active ones by default, newest first (section 6)."""
    found = [user for user in request.account.users.values() if _user_matches(user, request.query)]
    return page(request, found, "createdAt", descending=True)


def user(request: Request) -> Answer:
    """GET /users/:id."""
    return named(request, request.account.users.values(), "users")


def contact(request: Request) -> Answer:
    """GET /contacts/:id; there is no list of contacts (section 5)."""
    identifier = request.ids[0]
    if request.config.merge_loser == "winner":
        identifier = request.account.merged.get(identifier, identifier)
    found = views.contact(request.account, identifier)
    if found is None:
        raise not_found("contacts", identifier)
    return ok(found)


CONTACT_FIELDS: dict[str, type] = {
    "name": str,
    "headline": str,
    "location": str,
    "emails": list,
    "phones": list,
}


def put_contact(request: Request) -> Answer:
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
        not isinstance(value, list) or all(isinstance(each, inner) for each in value)
    )


OPEN = "non-confidential"
EQUAL: dict[str, Callable[[Object], object]] = {
    "status": lambda item: item.get("status"),
    "requisition_code": lambda item: item.get("requisitionCode"),
    "type": lambda item: item.get("type"),
    "user_id": lambda item: (item.get("user") or {}).get("id"),
    "target_type": lambda item: (item.get("target") or {}).get("type"),
}


def stored(name: str, key: str = "createdAt") -> Callable[[Request], Answer]:
    """Return the handler of a list that an account just has: requisitions, audit events, templates, …"""

    def handler(request: Request) -> Answer:
        found = request.account.lists.get(name, [])
        if name == "requisitions":
            shown = allowed(request)
            found = [item for item in found if shown in ("all", item.get("confidentiality", OPEN))]
        for bounds, field in (("created_at", "createdAt"), ("updated_at", "updatedAt")):
            found = between(request, found, bounds, field)
        for parameter, of in EQUAL.items():
            wanted = request.query.get(parameter)
            found = [item for item in found if not wanted or of(item) in wanted]
        return page(request, found, key, descending=key == "createdAt")

    return handler


def stored_one(name: str) -> Callable[[Request], Answer]:
    """Return the handler of one object of such a list."""

    def handler(request: Request) -> Answer:
        found = request.account.lists.get(name, [])
        item = next((each for each in found if each["id"] == request.ids[0]), None)
        if item is not None and item.get("confidentiality", OPEN) != OPEN and not request.key.confidential:
            raise confidential(request, name)
        return named(request, found, name)

    return handler


WINDOW = 30 * 86_400_000


def window_of_deleted(name: str) -> Callable[[Request], Answer]:
    """Return the handler of GET /<name>/deleted: rows with id and deletedAt (section 3.2).

    Both ends of the window are documented as required and as at most 30 days apart; without either,
    Lever was seen to answer 200.
    """

    def handler(request: Request) -> Answer:
        low, high = (milliseconds(request.query, f"deleted_at_{end}") for end in ("start", "end"))
        if (low is None) != (high is None):
            raise bad_request("deleted_at_start and deleted_at_end are both required")
        if low is not None and high is not None and high - low > WINDOW:
            raise bad_request("deleted_at_start and deleted_at_end may be 30 days apart at most")
        found = between(request, request.account.lists.get(f"deleted_{name}", []), "deleted_at", "deletedAt")
        return page(request, found, "deletedAt")

    return handler


def eeo_responses(request: Request) -> Answer:
    """GET /eeo/responses and /eeo/responses/pii: an object, not a page (Lever's documentation)."""
    found = request.account.lists.get("eeo_responses", [])
    return ok({"eeoResponses": between(request, found, "created_at", "appliedAt")})
