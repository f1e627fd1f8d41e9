"""Reading opportunities: lists, single ones, deleted ones (sections 2 and 3)."""

from __future__ import annotations

from collections.abc import Iterable

from leverkit.emulator import filters, listing, tokens, views
from leverkit.emulator.account import Object
from leverkit.emulator.answers import Answer, bad_request, forbidden
from leverkit.emulator.filters import Query, Test, one
from leverkit.emulator.listing import Listing, Order
from leverkit.emulator.request import Request
from leverkit.emulator.rows import Row, encode


def envelope(items: Iterable[bytes], following: str | None) -> Answer:
    """Answer a page; on the last one the key `next` is absent (section 2)."""
    end = b'],"hasNext":true,"next":"%b"}' % following.encode() if following else b'],"hasNext":false}'
    return Answer(200, b"".join((b'{"data":[', b",".join(items), end)))


def page(
    request: Request, items: list[Object], key: str | None = None, *, descending: bool = False
) -> Answer:
    """Answer a page of plain objects sorted by a field and id; token `[field, id]`, inclusive start."""

    def keyed(item: Object) -> tokens.Key:
        value = item.get(key) if key else 0
        return (value if value is not None else 0, item["id"])

    order = sorted(items, key=lambda item: item["id"])
    order.sort(key=lambda item: keyed(item)[0], reverse=descending)
    at = 0
    if request.offset is not None:
        wanted = tokens.read(request.offset, ((int, float, str), str))
        at = next((place for place, item in enumerate(order) if keyed(item) == wanted), len(order))
    after = at + request.limit()
    following = tokens.write(keyed(order[after])) if after < len(order) else None
    return envelope(map(encode, order[at:after]), following)


def _email_contacts(request: Request) -> set[str] | None:
    email = one(request.query, "email")
    if email is None:
        return None
    if "@" not in email.strip("@ ") or " " in email.strip():
        raise bad_request("Email address is not valid")
    return request.account.contacts_with(email)


def confidential_test(request: Request) -> Test | None:
    """Return the test for `confidentiality`. Raises Failure 403 for a key without the grant (section 1.5)."""
    wanted = filters.confidentiality(request.query)
    if wanted != "non-confidential" and not request.key.confidential:
        raise forbidden("This key does not have access to confidential data.")
    if wanted == "all":
        return None
    return lambda row: row.confidential is (wanted == "confidential")


def _order(query: Query) -> Order:
    return listing.UPDATED if {"updated_at_start", "updated_at_end"} & query.keys() else listing.DEFAULT


def _listing(request: Request) -> Listing:
    account, query = request.account, request.query
    tests = filters.tests(query, now=account.now())
    allowed = confidential_test(request)
    if allowed is not None:
        tests.append(allowed)
    contacts = _email_contacts(request)
    if contacts is not None:
        tests.append(lambda row: row.contact in contacts)
    near = contacts if contacts is not None else query.get("contact_id")
    if near is None:
        return account.view(filters.fingerprint(query), tests, _order(query))
    rows = (row for identifier in dict.fromkeys(near) for row in account.by_contact.get(identifier, ()))
    return Listing(rows, tests, _order(query))


def opportunities(request: Request) -> Answer:
    """GET /opportunities, and its deprecated twin GET /candidates."""
    limit = request.limit()
    rows, following = _listing(request).page(request.offset, limit)
    return envelope(views.show(request.account, rows, request.query), following)


def visible(request: Request) -> Row:
    """Return the opportunity of the path. Raises Failure 404, or 403 for a confidential one without grant."""
    row = request.account.row(request.ids[0])
    if row.confidential and not request.key.confidential:
        raise forbidden("This key does not have access to confidential data.")
    return row


def opportunity(request: Request) -> Answer:
    """GET /opportunities/:id, active and archived."""
    row = visible(request)
    return Answer(200, b'{"data":%b}' % views.show(request.account, [row], request.query)[0])


def deleted(request: Request) -> Answer:
    """GET /opportunities/deleted: objects with deletedBy and deletedAt."""
    low = filters.milliseconds(request.query, "deleted_at_start") or 0
    high = filters.milliseconds(request.query, "deleted_at_end") or 1 << 62
    found = [each for each in request.account.deleted if low <= each["deletedAt"] <= high]
    return page(request, found, "deletedAt")
