"""Contacts, and the small lists around opportunities (sections 5 and 6)."""

from __future__ import annotations

from collections import Counter

from leverkit.emulator import filters, views
from leverkit.emulator.account import Object
from leverkit.emulator.answers import Answer, forbidden, not_found, ok
from leverkit.emulator.filters import Query, flag, one
from leverkit.emulator.reads import envelope, page
from leverkit.emulator.request import Request
from leverkit.emulator.rows import encode
from leverkit.emulator.tokens import Key, read, write


def _named(request: Request, items: list[Object], resource: str) -> Answer:
    for item in items:
        if item["id"] == request.ids[0]:
            return ok(item)
    raise not_found(resource, request.ids[0])


def _counted(request: Request, counts: Counter[str]) -> Answer:
    order = sorted(counts, key=lambda text: (text.casefold(), text))
    at = 0
    if request.offset is not None:
        wanted: Key = read(request.offset, (str,))
        at = next((place for place, text in enumerate(order) if text == wanted[0]), len(order))
    after = at + request.limit()
    following = write((order[after],)) if after < len(order) else None
    return envelope((encode({"count": counts[text], "text": text}) for text in order[at:after]), following)


def tags(request: Request) -> Answer:
    """GET /tags: every tag in use with the number of opportunities, active and archived (section 3.4)."""
    return _counted(request, request.account.tags)


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
    return _named(request, _stages(request), "stages")


def in_order(request: Request, items: list[Object]) -> Answer:
    """Answer a page of objects in the order they have; token `[place, id]`."""
    at = int(read(request.offset, (int, str))[0]) if request.offset is not None else 0
    after = max(at, 0) + request.limit()
    following = write((after, items[after]["id"])) if after < len(items) else None
    return envelope(map(encode, items[max(at, 0) : after]), following)


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
    return ok({"stages": request.account.stages, "archiveReasons": reasons})


def archive_reasons(request: Request) -> Answer:
    """GET /archive_reasons, filter `type`."""
    wanted = one(request.query, "type")
    found = [each for each in request.account.archive_reasons if wanted in (None, each["type"])]
    return in_order(request, found)


def archive_reason(request: Request) -> Answer:
    """GET /archive_reasons/:id."""
    return _named(request, request.account.archive_reasons, "archive_reasons")


def _user_matches(user: Object, query: Query) -> bool:
    email, role = one(query, "email"), one(query, "accessRole")
    return (
        (email is None or (user["email"] or "").casefold() == email.strip().casefold())
        and (role is None or user["accessRole"] in query["accessRole"])
        and (bool(flag(query, "includeDeactivated")) or user["deactivatedAt"] is None)
    )


def users(request: Request) -> Answer:
    """GET /users: active ones by default, newest first (section 6)."""
    found = [user for user in request.account.users.values() if _user_matches(user, request.query)]
    return page(request, found, "createdAt", descending=True)


def user(request: Request) -> Answer:
    """GET /users/:id."""
    return _named(request, list(request.account.users.values()), "users")


POSTING_FIELDS = ("team", "department", "location", "commitment", "level")


def _posting_matches(posting: Object, query: Query) -> bool:
    categories = posting.get("categories") or {}
    simple = all(categories.get(name) in query[name] for name in POSTING_FIELDS if query.get(name))
    states = query.get("state")
    tags = query.get("tag")
    return (
        simple
        and (not states or posting.get("state") in states)
        and (not tags or not set(tags).isdisjoint(posting.get("tags") or ()))
    )


def postings(request: Request) -> Answer:
    """GET /postings: createdAt descending, token `[createdAt, id]` (section 6)."""
    wanted = filters.confidentiality(request.query)
    if wanted != "non-confidential" and not request.key.confidential:
        raise forbidden("This key does not have access to confidential data.")
    low = filters.milliseconds(request.query, "updated_at_start") or 0
    found = [
        posting
        for posting in request.account.postings.values()
        if wanted in ("all", posting.get("confidentiality", "non-confidential"))
        and _posting_matches(posting, request.query)
        and (posting.get("updatedAt") or 0) >= low
    ]
    return page(request, found, "createdAt", descending=True)


def posting(request: Request) -> Answer:
    """GET /postings/:id."""
    return _named(request, list(request.account.postings.values()), "postings")


def contact(request: Request) -> Answer:
    """GET /contacts/:id; there is no list of contacts (section 5)."""
    found = views.contact(request.account, request.ids[0])
    if found is None:
        raise not_found("contacts", request.ids[0])
    return ok(found)
