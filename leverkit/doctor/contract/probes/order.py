"""In what order listings come: with no filter, and with a range of times (sections 2.2 and 10.18)."""

from __future__ import annotations

from itertools import pairwise

from leverkit.doctor.contract.exchange import Asking, Exchange, Probing, Row
from leverkit.doctor.contract.outcome import Outcome, confirmed, judged, not_tried, refuted
from leverkit.doctor.contract.sample import Ranks, Sample, fitting, slim
from leverkit.report.text import count

RANGES = ("created_at", "advanced_at", "archived_at")
TOO_FEW = "fewer than ten opportunities could be seen"


def default_order(sample: Sample) -> Probing:
    """Judge the order of the sample's pages."""
    yield from ()
    rows, orders = sample.rows, sample.orders
    if len(rows) < 10:
        return [not_tried(key, TOO_FEW) for key in ("listing_order", "listing_ties", "listing_mixed")]
    if "stage" not in orders and "newest" not in orders and not sample.ranks:
        why = "the key may not read the stages, whose ranks are in the order"
        return [not_tried(key, why) for key in ("listing_order", "listing_ties", "listing_mixed")]
    if "stage" not in orders:
        newest = {"listing_order": "newest"} if "newest" in orders else {}
        known = ", ".join(orders) or "none of the orders we know"
        found = f"{count(len(rows), 'opportunity', 'opportunities')}, ordered by {known}"
        others = "the order is another one"
        return [
            refuted("listing_order", found, **newest),
            not_tried("listing_ties", others),
            not_tried("listing_mixed", others),
        ]
    pages = count(len(sample.pages), "page")
    found = f"{count(len(rows), 'opportunity', 'opportunities')} on {pages} in this order"
    return [confirmed("listing_order", found), _ties(rows, sample.ranks), _mixed(rows)]


def _ties(rows: list[Row], ranks: Ranks) -> Outcome:
    def place(row: Row) -> tuple[float, int]:
        return ranks.get(row["stage"], 1e9), row["lastAdvancedAt"]

    tied = [(one["id"], other["id"]) for one, other in pairwise(rows) if place(one) == place(other)]
    if not tied:
        return not_tried("listing_ties", "no two neighbours have the same stage and time")
    right = sum(one < other for one, other in tied)
    return judged("listing_ties", right == len(tied), f"{right} of {len(tied)} ties are in the order of ids")


def _mixed(rows: list[Row]) -> Outcome:
    archived = [row["archived"] is not None for row in rows]
    if len(set(archived)) < 2:
        return not_tried("listing_mixed", "active and archived ones are not both in the sample")
    changes = sum(one != other for one, other in pairwise(archived))
    return judged(
        "listing_mixed", changes > 1, f"{count(changes, 'change')} between active and archived ones"
    )


def updates(sample: Sample) -> Probing:
    """Ask for those updated, which come in the order of their updates; see whether others come too."""
    page = yield slim(limit=100, updated_at_start=1)
    if not page.ok:
        return [not_tried(key, page.told) for key in ("updated_order", "updated_filter_nulls")]
    orders = fitting(page.rows, sample.ranks)
    order = judged(
        "updated_order", "updated" in orders, f"ordered by {', '.join(orders) or 'something else'}"
    )
    if len(page.rows) < 3:
        order = not_tried("updated_order", "fewer than three opportunities were updated")
    return [order, (yield from _never_updated(sample, page))]


def _never_updated(sample: Sample, page: Exchange) -> Asking[Outcome]:
    key = "updated_filter_nulls"
    came = sum(row["updatedAt"] is None for row in page.rows)
    if came:
        return refuted(key, f"{came} that were never updated came", updated_filter_nulls="kept")
    row = next((row for row in sample.all_rows if row["updatedAt"] is None), None)
    if row is None:
        return not_tried(key, "every opportunity of the sample was updated")
    own = yield slim(limit=100, contact_id=row["contact"], updated_at_start=1, **sample.confidentiality)
    if not own.ok:
        return not_tried(key, own.told)
    kept = row["id"] in own.ids
    switches = {"updated_filter_nulls": "kept"} if kept else {}
    return judged(
        key, not kept, "one that was never updated " + ("came" if kept else "did not come"), **switches
    )


def ranges(sample: Sample) -> Probing:
    """Ask for ranges of other times: they keep the default order, or have their own."""
    usual, kept, own = sample.orders, [], []
    for name in RANGES:
        page = yield slim(limit=100, **{f"{name}_start": 1})
        orders = fitting(page.rows, sample.ranks)
        if page.ok and len(page.rows) >= 10:
            kept.append(bool(set(orders) & set(usual)))
            own.append(not kept[-1])
    if not kept or not usual:
        return [not_tried("range_order", TOO_FEW if not kept else "the default order is not known")]
    found = f"{sum(kept)} of {len(kept)} ranges keep the default order"
    switches = {"range_order": "own"} if all(own) else {}
    return [judged("range_order", all(kept), found, **switches)]


def range_ends(sample: Sample) -> Probing:
    """Ask for the very millisecond of one opportunity, and for windows that begin or end with it."""
    row = next(iter(sample.rows), None)
    if row is None:
        return [not_tried("range_ends", "there is no opportunity")]
    seen = []
    for before, after in ((0, 0), (0, 1), (1, 0)):
        at, of = row["createdAt"], {"contact_id": row["contact"], "limit": 100}
        page = yield slim(created_at_start=at - before, created_at_end=at + after, **of)
        if not page.ok:
            return [not_tried("range_ends", page.told)]
        seen.append(row["id"] in page.ids)
    ends = {(True, True, True): "both", (False, True, False): "start", (False, False, True): "end"}
    found = ends.get((seen[0], seen[1], seen[2]), "")
    switches = {"range_ends": found} if found not in ("", "both") else {}
    told = f"included: {found or 'neither end'}"
    return [judged("range_ends", found == "both", told, **switches)]
