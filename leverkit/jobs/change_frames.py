"""The frames of `changes`: taggings, splits and opportunities, and their numbers by tag, origin, reading."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from leverkit.history.changes import Change
from leverkit.history.splits import Split
from leverkit.history.tables import Event, LastReading

if TYPE_CHECKING:
    import pandas as pd

# The kinds of changed taggings: added or not and by whom, as columns.
KINDS = {
    (True, "us"): "added_by_us",
    (True, "others"): "added_by_others",
    (True, "posting"): "added_by_postings",
    (True, "new opportunity"): "came_with_new",
    (False, "us"): "removed_by_us",
    (False, "others"): "removed_by_others",
    (False, "posting"): "removed_by_postings",
    (False, "gone opportunity"): "went_with_gone",
}
BECAME = ("new opportunity", "seen again", "moved", "deleted", "anonymized", "hidden")


class Place(NamedTuple):
    """Origin, posting and its title of an opportunity."""

    origin: str = ""
    posting: str = ""
    title: str = ""


def taggings(found: Iterable[Change], places: Mapping[str, Place]) -> pd.DataFrame:
    """Return one row per tagging that is there now and was not, or the other way round."""
    rows = ((each.at_ms, KINDS[each.added, each.by], *_where(each), each.run) for each in found)
    return _placed(rows, ("kind", "tag", "contact", "opportunity", "run"), places)


def split_rows(found: Iterable[Split], places: Mapping[str, Place]) -> pd.DataFrame:
    """Return one row per split."""
    rows = ((each.at_ms, each.how, *_where(each), each.missing, each.reading) for each in found)
    return _placed(rows, ("how", "tag", "contact", "opportunity", "missing", "reading"), places)


def opportunities(events: Iterable[Event], places: Mapping[str, Place]) -> pd.DataFrame:
    """Return one row per opportunity that came, went, or moved from another contact (`moved_from`)."""
    rows = (
        (each.at_ms, each.kind, each.contact, each.opportunity, each.detail if each.kind == "moved" else "")
        for each in events
        if each.kind in BECAME
    )
    return _placed(rows, ("became", "contact", "opportunity", "moved_from"), places)


def renames(events: Iterable[Event]) -> pd.DataFrame:
    """Return one row per tag that was renamed, or merged into another."""
    rows = ((each.at_ms, each.tag, each.detail) for each in events if each.kind == "renamed")
    return _timed(rows, ("tag", "now"))


def per_reading(
    readings: Sequence[LastReading], events: Iterable[Event], splits: pd.DataFrame
) -> pd.DataFrame:
    """Return one row per reading: its size, and how many events of each kind it found."""
    import pandas as pd

    frame = _timed(((r.taken_at, r.number, r.opportunities, r.taggings) for r in readings), _READING)
    rows = [(each.reading, each.kind) for each in events]
    kinds = pd.DataFrame(rows, columns=["reading", "kind"]).groupby(["reading", "kind"]).size()
    counts = kinds.unstack(fill_value=0).rename(columns=lambda kind: kind.replace(" ", "_"))
    counts = counts.reindex(columns=_FOUND, fill_value=0).assign(split=splits.groupby("reading").size())
    return (
        frame.merge(counts.reset_index(), on="reading", how="left")
        .fillna(0)
        .astype(dict.fromkeys((*_FOUND, "split"), "int64"))
    )


_READING = ("reading", "opportunities", "taggings")
_FOUND = (
    "new_opportunity",
    "added_by_us",
    "added_by_others",
    "taken_back",
    "removed_by_others",
    "removed_everywhere",
)


def grouped(
    key: str, taggings: pd.DataFrame, splits: pd.DataFrame, opportunities: pd.DataFrame
) -> pd.DataFrame:
    """Return changes and splits by tag, contact, origin or posting: those with most splits first.

    `split` is how often, `lacking` on how many opportunities, `split_since` and `split_last` when.
    """
    import pandas as pd

    kinds = taggings.groupby([key, "kind"]).size().unstack(fill_value=0)
    kinds = kinds.reindex(columns=list(KINDS.values()), fill_value=0)
    split = splits.groupby(key).agg(
        split=("tag", "size"),
        lacking=("missing", "sum"),
        split_since=("taken_at", "min"),
        split_last=("taken_at", "max"),
    )
    parts = [kinds, split]
    if key in opportunities:
        became = opportunities.groupby([key, "became"]).size().unstack(fill_value=0)
        parts.append(became.reindex(columns=["new opportunity", "moved"], fill_value=0))
    frame = pd.concat(parts, axis="columns").rename_axis(key).reset_index()
    numbers = frame.columns.difference([key, "split_since", "split_last"])
    frame[numbers] = frame[numbers].fillna(0).astype("int64")
    for number, name in enumerate(("added", "removed"), 1):
        sums = frame[[kind for (is_added, _), kind in KINDS.items() if is_added == (name == "added")]]
        frame.insert(number, name, sums.sum(axis="columns"))
    names = {"new opportunity": "new_opportunities"}
    order = ["split", "added", "removed", key]
    frame = frame.rename(columns=names).sort_values(order, ascending=[False, False, False, True])
    return frame.reset_index(drop=True)


def _where(each: Change | Split) -> tuple[str, str, str]:
    return each.tag, each.contact, each.opportunity


def _placed(
    rows: Iterable[tuple[Any, ...]], columns: Sequence[str], places: Mapping[str, Place]
) -> pd.DataFrame:
    """Return rows with the origin and posting of their opportunity."""
    nowhere, at = Place(), columns.index("opportunity") + 1
    return _timed(((*row, *places.get(row[at], nowhere)) for row in rows), (*columns, *Place._fields))


def _timed(rows: Iterable[tuple[Any, ...]], columns: Sequence[str]) -> pd.DataFrame:
    """Return rows that begin with a time in milliseconds as a frame with a column `taken_at`."""
    import pandas as pd

    frame = pd.DataFrame(list(rows), columns=["taken_at", *columns])
    return frame.assign(taken_at=pd.to_datetime(frame["taken_at"], unit="ms", utc=True))
