"""Pages, tokens and limits (sections 2, 10.15 to 10.17)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from leverkit.doctor.contract.exchange import Ask, Exchange, Probing
from leverkit.doctor.contract.outcome import Outcome, confirmed, judged, not_tried, refuted
from leverkit.doctor.contract.sample import Sample, slim
from leverkit.report.text import count

INVALID = "Invalid offset token"
OTHER_ORDER = {"listing_order": "newest"}
OF_TOKENS = ("token_form", "token_of_opportunities", "token_ranks", "token_is_next", "token_moves_on")
OF_OFFSETS = ("offset_verbatim", "first_page_again", "offset_forms", "offset_bound")
OF_ERRORS = ("token_other_sort", "token_garbage")
ONE_PAGE = "all opportunities fit on a page"


def token_values(token: str) -> list[Any]:
    """Return the values in a token; none where it is no JSON array that was encoded once."""
    try:
        values = json.loads(unquote(token)) if token.startswith("%5B") else None
    except ValueError:
        return []
    return values if isinstance(values, list) else []


def tokens(sample: Sample) -> Probing:
    """Turn two small pages, and look at the tokens."""
    first = yield slim(limit=3)
    if not first.next:
        return [not_tried(key, ONE_PAGE) for key in (*OF_TOKENS, *OF_OFFSETS[:2])]
    second = yield slim(limit=3, offset=first.next)
    again = yield slim(limit=3)
    moved = second.ok and not set(second.ids) & set(first.ids)
    return [
        *_forms(first, second, sample),
        judged("offset_verbatim", moved, f"the next page, by its token as it came: {second.status}"),
        judged("first_page_again", again.ids == first.ids, "asked for again after the second one"),
    ]


def _forms(first: Exchange, second: Exchange, sample: Sample) -> list[Outcome]:
    values, other = token_values(first.next), OTHER_ORDER if _is_newest_first(sample) else {}
    kinds = [type(value).__name__ for value in values]
    ranked = kinds in (["int", "int", "str"], ["float", "int", "str"])
    is_next = bool(values and second.rows) and values[-1] == second.ids[0]
    found = f"{', '.join(kinds) or 'no JSON array that was encoded once'}"
    return [
        judged("token_form", bool(values), found),
        judged("token_of_opportunities", ranked, found, **other),
        judged("token_ranks", ranked and ".0%2C" not in first.next, found, **other),
        judged(
            "token_is_next", is_next, f"its id is {'' if is_next else 'not '}that of the next page's first"
        ),
        judged("token_moves_on", second.next != first.next, "the next page has another token"),
    ]


def _is_newest_first(sample: Sample) -> bool:
    return "newest" in sample.orders and "stage" not in sample.orders


def offsets(sample: Sample) -> Probing:
    """Send a token in its other form, with another filter, with another order, and what is none."""
    first = yield slim(limit=3)
    if not first.next:
        return [not_tried(key, ONE_PAGE) for key in (*OF_OFFSETS[2:], *OF_ERRORS)]
    plain = yield slim(limit=3, offset=unquote(first.next))
    filtered = yield slim(limit=3, archived="false", offset=first.next)
    sorted_otherwise = yield slim(limit=3, updated_at_start=1, offset=first.next)
    garbage = yield slim(limit=3, offset=str(UUID(int=7, version=4)))
    other = OTHER_ORDER if _is_newest_first(sample) else {}
    return [
        _by_status("offset_forms", plain, "as plain JSON", offset_forms="encoded"),
        _by_status("offset_bound", filtered, "with another filter", offset_bound="filter"),
        _refusal("token_other_sort", sorted_otherwise, **other),
        _refusal("token_garbage", garbage),
    ]


def _by_status(key: str, exchange: Exchange, what: str, **switches: Any) -> Outcome:
    if exchange.status not in (200, 400):
        return not_tried(key, exchange.told)
    return judged(key, exchange.ok, f"{what}: {exchange.status}", **({} if exchange.ok else switches))


def _refusal(key: str, exchange: Exchange, **switches: Any) -> Outcome:
    worded = exchange.status == 400 and exchange.message.startswith(INVALID)
    words = "in the words that we know" if worded else "in other words"
    return judged(key, worded, f"{exchange.status} {words}", **({} if worded else switches))


def limits(sample: Sample) -> Probing:
    """Ask for no and for too many opportunities."""
    none, many = (yield slim(limit=0)), (yield slim(limit=101))
    found = f"limit 0: {none.status}, limit 101: {many.status}"
    statuses = none.status, many.status
    if statuses == (400, 400):
        return [confirmed("bad_limit", found)]
    return [refuted("bad_limit", found, **({"bad_limit": "clamp"} if statuses == (200, 200) else {}))]


def last_pages(sample: Sample) -> Probing:
    """Read lists that fit on a page."""
    reasons, stages = (yield Ask("/archive_reasons")), sample.stages
    ended = [page for page in (reasons, stages, *sample.pages) if page.ok and not page.next]
    if not ended:
        return [not_tried(key, reasons.told) for key in ("last_page", "list_that_fits")]
    keys = {tuple(page.content) for page in ended}
    absent = all("next" not in page.content for page in ended)
    there = "absent" if absent else "there"
    return [
        judged("last_page", absent, f"`next` is {there} on {count(len(ended), 'last page')}"),
        judged("list_that_fits", keys == {("data", "hasNext")}, count(len(ended), "page")),
    ]


def other_tokens(sample: Sample) -> Probing:
    """Look at the tokens of other listings."""
    updated, postings = (yield slim(limit=1, updated_at_start=1)), (yield Ask("/postings", {"limit": 1}))
    templates = yield Ask("/feedback_templates", {"limit": 1})
    return [
        _values("token_of_times", [updated, postings], [["int", "str"]] * 2),
        _values("token_of_templates", [templates], [["str", "str"]]),
    ]


def _values(key: str, pages: list[Exchange], wanted: list[list[str]]) -> Outcome:
    found = [[type(value).__name__ for value in token_values(page.next)] for page in pages]
    if not all(page.next for page in pages):
        return not_tried(key, "there is no second page")
    return judged(key, found == wanted, "; ".join(", ".join(kinds) or "another form" for kinds in found))
