"""Postings: lists, single ones, changes, and the questions of their forms (section 6)."""

from __future__ import annotations

from leverkit.emulator.account import changes, views
from leverkit.emulator.account.account import Object
from leverkit.emulator.account.filters import Query
from leverkit.emulator.endpoints.opportunities import (
    confidential_error,
    in_range,
    listed_confidentiality,
    page,
    selected_fields,
)
from leverkit.emulator.http.request import Request
from leverkit.emulator.response import Response, bad_request, ok

FIELDS = ("team", "department", "location", "commitment", "level")
ALONE = {*FIELDS, "state", "tag", "group", "distributionChannel"}


def _matches(posting: Object, query: Query) -> bool:
    categories, tags = posting.get("categories") or {}, query.get("tag")
    simple = all(categories.get(name) in query[name] for name in FIELDS if query.get(name))
    states = query.get("state")
    return (
        simple
        and (not states or posting.get("state") in states)
        and (not tags or not set(tags).isdisjoint(posting.get("tags") or ()))
    )


def listing(request: Request) -> Response:
    """GET /postings: createdAt descending, token `[createdAt, id]` (section 6)."""
    wanted = listed_confidentiality(request)
    if {"updated_at_start", "updated_at_end"} & request.query.keys() and ALONE & request.query.keys():
        raise bad_request("updated_at_start and updated_at_end go only with confidentiality")
    kept = [
        posting
        for posting in in_range(request, request.account.postings.values(), "updated_at", "updatedAt")
        if wanted in ("all", posting.get("confidentiality", "non-confidential"))
        and _matches(posting, request.query)
    ]
    return page(request, (_expanded(request, item) for item in kept), "createdAt", descending=True)


EXPANDABLE = ("user", "owner", "hiringManager", "followers")


def _expanded(request: Request, posting: Object) -> Object:
    """Return a posting with people expanded."""
    shown = dict(posting)
    for name in request.query.get("expand", ()):
        if name not in EXPANDABLE:
            raise bad_request(f"{name} is not expandable")
        shown[name] = views.expand_users(request.account, posting.get(name))
    return shown


def single(request: Request) -> Response:
    """GET /postings/:id."""
    return ok(selected_fields(request, _expanded(request, find_posting(request))))


FIXED = ("id", "confidentiality")


def update(request: Request) -> Response:
    """POST /postings/:id: a renaming rewrites the tags of its opportunities (section 3.4)."""
    body, known = request.json(), find_posting(request)
    fields = {name: value for name, value in body.items() if name in known and name not in FIXED}
    if not all(has_posting_type(name, known[name], value) for name, value in fields.items()):
        raise bad_request("A field of the posting has the wrong type")
    return ok(changes.edit_posting(request.account, request.ids[0], fields))


def has_posting_type(name: str, known: object, given: object) -> bool:
    """Return True if a posting's field may take a value: its present type, texts in categories and tags."""
    if name == "categories":
        return isinstance(given, dict) and all(_is_text(value) for value in given.values())
    if name == "tags":
        return isinstance(given, list) and _is_text(given)
    if known is None or given is None:
        return name not in ("text", "state", "confidentiality")
    return type(known) is type(given)


def _is_text(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value)
    return value is None or isinstance(value, str)


def find_posting(request: Request) -> Object:
    """Return the posting of the path. Raises RequestError 404, or 403 for confidential without the grant."""
    posting = request.account.posting(request.ids[0])
    if posting.get("confidentiality") == "confidential" and not request.key.confidential:
        raise confidential_error(request, "postings")
    return posting
