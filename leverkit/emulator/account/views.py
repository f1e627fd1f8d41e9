"""Opportunities, applications and contacts as JSON: whole, with included fields only, or expanded."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from leverkit.emulator.account.account import Account, Object
from leverkit.emulator.account.filters import Query
from leverkit.emulator.account.objects import blank_object
from leverkit.emulator.account.opportunity import Row
from leverkit.emulator.response import bad_request, decode, encode

FIELDS = (*blank_object("opportunity"), "opportunityLocation", "deletedBy", "deletedAt")
BLANK: Object = {"name": "", "headline": "", "location": "", "phones": [], "emails": [], "links": []}


@lru_cache(maxsize=64)
def _field_decoder(names: tuple[str, ...]) -> msgspec.json.Decoder[Any]:
    """Return a decoder that keeps only some fields, undecoded."""
    fields = [(name, msgspec.Raw, msgspec.Raw()) for name in FIELDS if name in names]
    return msgspec.json.Decoder(msgspec.defstruct("Slim", fields, omit_defaults=True))


def select_fields(raw: bytes, names: tuple[str, ...]) -> bytes:
    """Return an object with only the named fields: Lever's `include` is subtractive (section 3.1)."""
    return encode(_field_decoder(names).decode(raw))


TYPES = {"applied": "posting", "agency": "posting", "internal": "posting", "referred": "referral"}


def application(account: Account, row: Row, value: Object) -> Object | None:
    """Return the application of an opportunity; candidateId equals opportunityId (section 3.5)."""
    if row.application is None:
        return None
    known = account.applications.get(row.application) or _application(account, row, value)
    return {**known, "archived": account.application_archives.get(row.application, known.get("archived"))}


def _application(account: Account, row: Row, value: Object) -> Object:
    """Return an application in the recorded order; one made by a user has no form data."""
    posting, kind = account.postings.get(row.posting or "", {}), TYPES.get(row.origin or "", "user")
    form: Object = {"user": value.get("sourcedBy") or value.get("owner")}
    if kind == "posting":
        form = {"name": value.get("name"), "links": value.get("links") or []}
        form |= {field: next(iter(value.get(f"{field}s") or ()), None) for field in ("phone", "email")}
    return blank_object(
        "application",
        id=row.application,
        type=kind,
        candidateId=row.id,
        opportunityId=row.id,
        posting=row.posting,
        postingHiringManager=posting.get("hiringManager"),
        postingOwner=posting.get("owner"),
        createdAt=row.created,
        archived=value.get("archived"),
        **form,
    )


def contact_source(rows: list[Row]) -> Object:
    """Return the opportunity from which a contact is read: one that is not anonymized, if any."""
    return next((row for row in rows if not row.anonymized), rows[0]).object()


def contact(account: Account, identifier: str) -> Object | None:
    """Return a contact as read from its opportunities, without tags (section 5); None if unknown."""
    rows = account.by_contact.get(identifier)
    if not rows:
        return account.contacts.get(identifier)
    value = contact_source(rows)
    return {
        "id": identifier,
        "name": value.get("name", ""),
        "headline": value.get("headline", ""),
        "isAnonymized": all(row.anonymized for row in rows),
        "location": {"name": value.get("location", "")},
        "emails": value.get("emails", []),
        "phones": value.get("phones", []),
        "dataProtection": {"interviewIntelligence": {"allowed": False, "expiresAt": None}},
    }


def expand_users(account: Account, value: Any) -> Any:
    """Return the user of an id, or a list for a list; an unknown id stays an id."""
    if isinstance(value, list):
        return [expand_users(account, item) for item in value]
    return account.users.get(value, value)


def _expanded_value(account: Account, row: Row, value: Object, name: str) -> Any:
    if name == "applications":
        found = application(account, row, value)
        return [] if found is None else [found]
    if name == "contact":
        return contact(account, row.contact)
    if name == "stage":
        stages = {stage["id"]: {"id": stage["id"], "text": stage["text"]} for stage in account.stages}
        return stages.get(row.stage, {"id": row.stage, "text": row.stage})
    return expand_users(account, value.get(name))


EXPANDABLE = ("applications", "stage", "owner", "followers", "sourcedBy", "contact")


def _include_and_expand(query: Query) -> tuple[tuple[str, ...], tuple[str, ...]]:
    expand = tuple(dict.fromkeys(query.get("expand") or ()))
    for name in expand:
        if name not in EXPANDABLE:
            raise bad_request(f"{name} is not expandable")
    include = tuple(sorted(query.get("include") or ()))
    return include, expand


def to_json(account: Account, rows: list[Row], query: Query) -> list[bytes]:
    """Return opportunities as JSON, with `include` and `expand`; expanded fields are always included."""
    include, expand = _include_and_expand(query)
    if account.config.extra_fields:
        return [_with_extra(row, include, _expand(account, row, expand)) for row in rows]
    if not include and not expand:
        return [row.raw for row in rows]
    if not expand:
        return [select_fields(row.raw, include) for row in rows]
    shown = [_expand(account, row, expand) for row in rows]
    if include:
        return [select_fields(raw, tuple(sorted({*include, *expand}))) for raw in shown]
    return shown


def _expand(account: Account, row: Row, expand: tuple[str, ...]) -> bytes:
    value = row.object()
    for name in expand:
        value[name] = _expanded_value(account, row, value, name)
    return encode(value)


def _with_extra(row: Row, include: tuple[str, ...], raw: bytes) -> bytes:
    """Return an object with fields that Lever may add at any time (sections 1.1 and 10, row 32)."""
    shown = select_fields(raw, include) if include else raw
    return encode({**decode(shown), "futureField": {"nested": [1, None]}, "futureFlag": True})


def mutation_result(row: Row, *, blank: bool = True) -> Object:
    """Return what a write responds with: contact fields blank, no opportunityLocation (section 3.3)."""
    value = row.object()
    value.pop("opportunityLocation", None)
    return {**value, **BLANK} if blank else value
