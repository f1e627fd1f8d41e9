"""Filters of opportunities: repeated values, several filters, refusals (sections 3.1, 10.14, 10.31)."""

from __future__ import annotations

from uuid import UUID

from leverkit.doctor.contract.exchange import Ask, Exchange, Probing
from leverkit.doctor.contract.outcome import Outcome, confirmed, judged, not_tried, refuted
from leverkit.doctor.contract.sample import OPPORTUNITIES, Sample, slim

MANY = (2, 5, 10, 20, 50, 100, 200)  # contact ids; leverkit sends up to 50
BRACKETS = "contact_id[]"


def contact_ids(sample: Sample) -> Probing:
    """Ask for two contacts at once, in each form in which clients write a list."""
    keys = ("contact_ids", "comma_values", "bracket_values")
    contacts = list(dict.fromkeys(row["contact"] for row in sample.rows))
    if len(contacts) < 3:
        return [not_tried(key, "fewer than three contacts could be seen") for key in keys]
    pair = contacts[-2:]
    both, joined = (
        (yield slim(limit=100, contact_id=pair)),
        (yield slim(limit=100, contact_id=",".join(pair))),
    )
    brackets = yield slim(limit=100, **{BRACKETS: pair})
    found = _found(both) if both.ok else None
    kinds = {frozenset(pair): "union", frozenset(pair[:1]): "first", frozenset(pair[1:]): "last"}
    return [
        _union(both, kinds.get(frozenset(found or ()))),
        _list("comma_values", joined, pair),
        _list("bracket_values", brackets, pair),
    ]


def _found(page: Exchange) -> set[str]:
    return {row["contact"] for row in page.rows}


def _union(page: Exchange, kind: str | None) -> Outcome:
    if not page.ok:
        return not_tried("contact_ids", page.told)
    if kind == "union":
        return confirmed("contact_ids", "both contacts were found")
    told = f"of two contacts: {kind}" if kind else "neither of the two contacts"
    return refuted("contact_ids", told, **({"contact_ids": kind} if kind else {}))


def _list(key: str, page: Exchange, pair: list[str]) -> Outcome:
    is_list = page.ok and bool(page.rows) and _found(page) <= set(pair)
    told = f"{page.status}, {'the contacts' if is_list else 'not the contacts'}"
    return judged(key, not is_list, told, **({key: True} if is_list else {}))


def many_contacts(sample: Sample) -> Probing:
    """Ask for more and more contacts at once; all but one are invented."""
    key, row = "max_contact_ids", next(iter(sample.rows), None)
    if row is None:
        return [not_tried(key, "there is no opportunity")]
    works = 1
    for number in MANY:
        invented = [str(UUID(int=place, version=4)) for place in range(number - 1)]
        page = yield slim(limit=1, contact_id=[*invented, row["contact"]])
        if not page.ok:
            return [refuted(key, f"{works} are taken, {number}: {page.status}", max_contact_ids=works)]
        works = number
    return [confirmed(key, f"{works} in one request are taken")]


def intersection(sample: Sample) -> Probing:
    """Ask for a contact and a stage in which none of its opportunities is."""
    key, row = "filters_intersect", next(iter(sample.rows), None)
    other = next((each["stage"] for each in sample.all_rows if row and each["stage"] != row["stage"]), None)
    if row is None or other is None:
        return [not_tried(key, "two stages could not be seen")]
    page = yield slim(limit=100, contact_id=row["contact"], stage_id=other)
    if not page.ok:
        return [not_tried(key, page.told)]
    both = all((each["contact"], each["stage"]) == (row["contact"], other) for each in page.rows)
    return [judged(key, both, f"{len(page.rows)} found, of this contact and this stage: {both}")]


def tag_case(sample: Sample) -> Probing:
    """Ask for a tag in other letters."""
    known = {tag for row in sample.all_rows for tag in row["tags"]}
    tag = next((tag for tag in sorted(known) if tag.isalnum() and tag.swapcase() not in known | {tag}), None)
    if tag is None:
        return [not_tried("tag_case", "no tag of the sample has letters")]
    same, other = (yield slim(limit=1, tag=tag)), (yield slim(limit=100, tag=tag.swapcase()))
    if not (same.ok and other.ok):
        return [not_tried("tag_case", other.told)]
    folded = any(tag in row["tags"] for row in other.rows)
    return [judged("tag_case", not folded, f"in other letters it is {'' if folded else 'not '}found")]


def unknown_parameters(sample: Sample) -> Probing:
    """Send a parameter that Lever does not have."""
    page = yield slim(limit=1, leverkit_unknown="1")
    if page.status not in (200, 400):
        return [not_tried("unknown_parameters", page.told)]
    switches = {} if page.ok else {"unknown_parameters": 400}
    return [judged("unknown_parameters", page.ok, f"answered with {page.status}", **switches)]


def refusals(sample: Sample) -> Probing:
    """Ask for what cannot be expanded, and for an address that is none."""
    one = {"include": ["id"], "limit": 1}
    unknown = yield Ask(OPPORTUNITIES, {**one, "expand": "leverkit"})
    joined = yield Ask(OPPORTUNITIES, {**one, "expand": "stage,owner"})
    email = yield Ask(OPPORTUNITIES, {**one, "email": "leverkit"})
    split = {"comma_values": True} if joined.ok and not unknown.ok else {}
    refused = (unknown.status, joined.status) == (400, 400) and "is not expandable" in unknown.message
    worded = email.status == 400 and "Email address is not valid" in email.message
    codes = sorted({each.code for each in (unknown, email) if each.status == 400})
    return [
        judged("expand_refused", refused, f"unknown: {unknown.status}, joined: {joined.status}", **split),
        judged("email_refused", worded, f"{email.status}{', in the words that we know' * worded}"),
        judged("error_words", refused_as_known(unknown, email), f"{len(codes)} codes in two refusals"),
    ]


def refused_as_known(*refusals: Exchange) -> bool:
    """Return True if each was refused with 400 and the code that we know."""
    return all((each.status, each.code) == (400, "BadRequestError") for each in refusals)
