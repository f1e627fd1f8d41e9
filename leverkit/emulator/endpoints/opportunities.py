"""Reading opportunities: lists, single ones, deleted ones (sections 2 and 3)."""

from __future__ import annotations

import time
from collections.abc import Iterable

from leverkit.emulator.account import filters, listing, offset_tokens, views
from leverkit.emulator.account.account import Account, Object
from leverkit.emulator.account.filters import Predicate, single
from leverkit.emulator.account.listing import Listing, Order
from leverkit.emulator.account.opportunity import Row
from leverkit.emulator.http.request import Request
from leverkit.emulator.response import RequestError, Response, bad_request, encode, forbidden, not_found

CONFIDENTIAL = "This key does not have access to confidential data."


def envelope(items: Iterable[bytes], following: str | None) -> Response:
    """Return a page; on the last page the key `next` is absent (section 2)."""
    end = b'],"hasNext":true,"next":"%b"}' % following.encode() if following else b'],"hasNext":false}'
    return Response(200, b"".join((b'{"data":[', b",".join(items), end)))


def page(
    request: Request, items: Iterable[Object], key: str | None = None, *, descending: bool = False
) -> Response:
    """Return a page of plain objects sorted by a field and id; token `[field, id]`, inclusive start."""

    def keyed(item: Object) -> offset_tokens.Key:
        value = item.get(key) if key else 0
        return (value if value is not None else 0, item["id"])

    order = sorted(items, key=lambda item: item["id"])
    order.sort(key=lambda item: keyed(item)[0], reverse=descending)
    at = 0
    if request.offset is not None:
        wanted = offset_tokens.read(request.offset, ((int, float, str), str))
        reached = (place for place, item in enumerate(order) if _reached(keyed(item), wanted, descending))
        at = next(reached, len(order))
    after = at + request.limit()
    following = offset_tokens.write(keyed(order[after])) if after < len(order) else None
    return envelope((encode(selected_fields(request, item)) for item in order[at:after]), following)


def _reached(key: offset_tokens.Key, wanted: offset_tokens.Key, descending: bool) -> bool:
    """Return True if an item is at or after a token's place, even if the token's own item is gone."""
    if isinstance(key[0], str) != isinstance(wanted[0], str):
        raise offset_tokens.invalid_offset("Offset token is invalid for sort")
    if key[0] == wanted[0]:
        return bool(key[1] >= wanted[1])
    return (key[0] < wanted[0]) is descending


def find(items: Iterable[Object], identifier: str, resource: str) -> Object:
    """Return the object with an id. Raises RequestError 404 with the plural resource name."""
    found = next((item for item in items if item["id"] == identifier), None)
    if found is None:
        raise not_found(resource, identifier)
    return found


def selected_fields(request: Request, item: Object) -> Object:
    """Return an object with only the fields named by `include`, and the expanded ones (section 3.1)."""
    names = request.query.get("include")
    if not names:
        return item
    kept = {*names, *request.query.get("expand", ())}
    return {name: value for name, value in item.items() if name in kept}


def _email_contacts(request: Request) -> set[str] | None:
    email = single(request.query, "email")
    if email is None:
        return None
    if "@" not in email.strip("@ ") or " " in email.strip():
        raise bad_request("Email address is not valid")
    return request.account.contacts_with(email)


def listed_confidentiality(request: Request) -> str:
    """Return the confidentiality to list. Raises RequestError 403 without the grant (section 1.5)."""
    wanted = filters.confidentiality(request.query)
    if wanted == "non-confidential" or request.key.confidential:
        return wanted
    if request.config.confidential_list == "filter":
        return "non-confidential" if wanted == "all" else "none"
    raise forbidden(CONFIDENTIAL)


def _confidential_test(wanted: str) -> list[Predicate]:
    if wanted == "all":
        return []
    if wanted == "none":
        return [lambda row: False]
    return [lambda row: row.confidential is (wanted == "confidential")]


def _order(request: Request) -> Order:
    for name, field in filters.RANGES.items():
        filtered = {f"{name}_start", f"{name}_end"} & request.query.keys()
        if filtered and (name == "updated_at" or request.config.range_order == "own"):
            return listing.order_by(field)
    return listing.NEWEST if request.config.listing_order == "newest" else listing.DEFAULT


def _contacts(request: Request, contacts: list[str]) -> Iterable[str]:
    config = request.config
    if config.max_contact_ids is not None and len(contacts) > config.max_contact_ids:
        raise bad_request("Too many values for contact_id")
    if config.contact_ids != "union":
        contacts = contacts[:1] if config.contact_ids == "first" else contacts[-1:]
    if request.config.merge_filter == "winner":
        return dict.fromkeys(request.account.merged_into.get(item, item) for item in contacts)
    return dict.fromkeys(contacts)


def _delay(request: Request) -> float:
    config = request.config
    own = config.stale_tag_filter_ms if request.query.get("tag") else 0.0
    return max(config.stale_list_ms, own, request.stale_ms)


def _listing(request: Request) -> Listing:
    account, query = request.account, dict(request.query)
    if "contact_id" in query:
        query["contact_id"] = list(_contacts(request, query["contact_id"]))
    wanted = listed_confidentiality(request)
    predicates = filters.predicates(query, now=account.now(), config=request.config)
    predicates += _confidential_test(wanted)
    contacts = _email_contacts(request)
    if contacts is not None:
        predicates.append(lambda row: row.contact in contacts)
    near = contacts if contacts is not None else query.get("contact_id")
    order, delay = _order(request), _delay(request)
    if delay:
        return Listing(account.rows_as_of(delay), predicates, order)
    if near is None and "snoozed" not in query:  # which of these pass changes with the time alone
        name = (filters.fingerprint(query), wanted, order.name, filters.range_switches(request.config))
        return account.view(name, predicates, order)
    return Listing(_rows_near(account, near), predicates, order)


def _rows_near(account: Account, contacts: Iterable[str] | None) -> Iterable[Row]:
    if contacts is None:
        return account.rows.values()
    return (row for identifier in contacts for row in account.by_contact.get(identifier, ()))


def opportunities(request: Request) -> Response:
    """GET /opportunities, and its deprecated twin GET /candidates."""
    limit, offset = request.limit(), request.offset
    check_offset(request, offset)
    rows, following = _listing(request).page(offset, limit, shift=request.shift)
    if following is not None:
        remember_offset(request, following)
    return envelope(views.to_json(request.account, rows, request.query), following)


def remember_offset(request: Request, token: str) -> None:
    """Store for which filter and when a token was issued, if a switch needs it (row 17)."""
    if request.config.offset_bound == "filter" or request.config.offset_expiry_s is not None:
        request.account.issued_offsets[offset_tokens.decoded(token)] = (
            filters.fingerprint(request.query),
            time.monotonic(),
        )


def check_offset(request: Request, token: str | None) -> None:
    """Raise RequestError 400 for a token of another filter or a token too old, by switch (rows 16, 17)."""
    config = request.config
    if token is None:
        return
    if config.offset_forms == "encoded" and not token.startswith("%"):
        raise offset_tokens.invalid_offset("Offset token is not encoded")
    fingerprint, at = request.account.issued_offsets.get(offset_tokens.decoded(token), (None, 0.0))
    if config.offset_bound == "filter" and fingerprint not in (None, filters.fingerprint(request.query)):
        raise offset_tokens.invalid_offset("Offset token is invalid for sort")
    if config.offset_expiry_s is not None and time.monotonic() - at > config.offset_expiry_s:
        raise offset_tokens.invalid_offset("Offset token has expired")


def visible_opportunity(request: Request) -> Row:
    """Return the opportunity of the path. Raises RequestError 404, or 403 without the grant."""
    row = request.account.row(request.ids[0])
    if row.confidential and not request.key.confidential:
        raise confidential_error(request, "opportunities")
    return row


def confidential_error(request: Request, resource: str) -> RequestError:
    """Return the refusal of a confidential object to a key without the grant (section 1.5)."""
    if request.config.confidential_get == 404:
        return not_found(resource, request.ids[0])
    return forbidden(CONFIDENTIAL)


def opportunity(request: Request) -> Response:
    """GET /opportunities/:id, active and archived."""
    account = request.account
    row = account.as_of(visible_opportunity(request), max(request.config.stale_single_ms, request.stale_ms))
    return Response(200, b'{"data":%b}' % views.to_json(account, [row], request.query)[0])


def in_range(request: Request, items: Iterable[Object], name: str, field: str) -> list[Object]:
    """Return the objects within `<name>_start` and `<name>_end`, both inclusive."""
    low = filters.milliseconds(request.query, f"{name}_start")
    high = filters.milliseconds(request.query, f"{name}_end")
    if low is None and high is None:
        return list(items)
    first, last = low or 0, 1 << 62 if high is None else high
    return [item for item in items if first <= (item.get(field) or 0) <= last]


def deleted(request: Request) -> Response:
    """GET /opportunities/deleted: objects with deletedBy and deletedAt."""
    return page(request, in_range(request, request.account.deleted, "deleted_at", "deletedAt"), "deletedAt")
