"""A sample of an account's opportunities, which several probes judge: read once, without names.

Only a few objects are read in full, to see their form.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from leverkit.doctor.contract.exchange import Ask, Asking, Exchange, Row

OPPORTUNITIES = "/opportunities"
SLIM = (
    "id",
    "contact",
    "stage",
    "confidentiality",
    "archived",
    "tags",
    "origin",
    "owner",
    "applications",
    "createdAt",
    "updatedAt",
    "lastAdvancedAt",
    "snoozedUntil",
    "isAnonymized",
    "opportunityLocation",
)
PAGES, FULL = 5, 20
Ranks = Mapping[str, float]
Key = tuple[Any, ...]
ORDERS: dict[str, Callable[[Row, Ranks], Key]] = {
    "stage": lambda row, ranks: (ranks.get(row["stage"], 1e9), -row["lastAdvancedAt"]),
    "newest": lambda row, ranks: (-row["createdAt"],),
    "oldest": lambda row, ranks: (row["createdAt"],),
    "advanced": lambda row, ranks: (row["lastAdvancedAt"],),
    "updated": lambda row, ranks: (row["updatedAt"] or 0,),
    "id": lambda row, ranks: (row["id"],),
}


@dataclass(frozen=True)
class Sample:
    """Opportunities in the default order, archived ones, confidential ones, and some in full."""

    pages: tuple[Exchange, ...]
    archived: Exchange
    hidden: Exchange
    full: Exchange
    dispositions: Exchange
    stages: Exchange

    @property
    def rows(self) -> list[Row]:
        """Return the opportunities of the first pages, in their order."""
        return [row for page in self.pages for row in page.rows]

    @property
    def all_rows(self) -> list[Row]:
        """Return every opportunity of the sample once."""
        found = {row["id"]: row for row in [*self.archived.rows, *self.hidden.rows, *self.rows]}
        return list(found.values())

    @property
    def ranks(self) -> Ranks:
        """Return the rank of each stage: by the dispositions, or by the order of the stages."""
        stages = self.dispositions.data.get("stages") if isinstance(self.dispositions.data, dict) else None
        if stages:
            return {stage["id"]: stage["rank"] for stage in stages}
        return {stage: float(place) for place, stage in enumerate(self.stages.ids)}

    @property
    def orders(self) -> list[str]:
        """Return the names of the orders that the listing can be in."""
        return fitting(self.rows, self.ranks)

    @property
    def confidentiality(self) -> Mapping[str, str]:
        """Return the parameter that asks for confidential ones too, where the key may see them."""
        return {"confidentiality": "all"} if self.hidden.ok else {}


def slim(**params: Any) -> Ask:
    """Return the request for a listing of opportunities without names."""
    return Ask(OPPORTUNITIES, {"include": list(SLIM), **params})


def survey() -> Asking[Sample]:
    """Read the sample: about ten requests."""
    pages = [(yield slim(limit=100))]
    while pages[-1].next and len(pages) < PAGES:
        pages.append((yield slim(limit=100, offset=pages[-1].next)))
    return Sample(
        pages=tuple(pages),
        archived=(yield slim(limit=100, archived="true")),
        hidden=(yield slim(limit=20, confidentiality="confidential")),
        full=(yield Ask(OPPORTUNITIES, {"limit": FULL})),
        dispositions=(yield Ask("/disposition_stages")),
        stages=(yield Ask("/stages")),
    )


def fitting(rows: Sequence[Row], ranks: Ranks) -> list[str]:
    """Return the names of the orders in which rows are; ties in any order."""
    keys = {name: [key(row, ranks) for row in rows] for name, key in ORDERS.items()}
    return [name for name, of in keys.items() if all(one <= other for one, other in pairwise(of))]


def of_contacts(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Return opportunities by contact."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["contact"], []).append(row)
    return found


def tag_holders(rows: Iterable[Row]) -> Counter[str]:
    """Return how many of these opportunities carry each tag."""
    return Counter(tag for row in rows for tag in row["tags"])
