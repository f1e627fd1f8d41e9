"""What changed in an account between two readings, as frames."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from leverkit.history.tables import LastReading
from leverkit.jobs.change_frames import grouped
from leverkit.report.text import count, day
from leverkit.snapshot.snapshot import Snapshot

if TYPE_CHECKING:
    import pandas as pd

_DOCUMENT = (
    "tags", "readings", "origins", "postings", "runs", "renames",
    "contacts", "splits", "opportunities", "taggings",
)  # fmt: skip


@dataclass(frozen=True, repr=False)
class ChangeFacts:
    """What changed between two readings. Times are UTC: when the reading that found it began, or we wrote.

    `taggings`: one row per tagging that is there now and was not, or the other way round: taken_at, kind (see
    `change_frames.KINDS`), tag, contact, opportunity, run (the beginning of our plan's id), origin, posting,
    title. `splits`: one row per tag that others brought to one opportunity of a contact alone: how, missing
    (opportunities that lack it by that). `opportunities`: those that came, went, or moved to another contact.
    `renames`: tags that were renamed in Lever. `readings`: one row per reading since, with what it found.
    `counted`: the tags of which splits are counted; None for all but those of postings.
    """

    snapshot: Snapshot
    since: LastReading
    until: LastReading
    counted: frozenset[str] | None
    taggings: pd.DataFrame
    splits: pd.DataFrame
    opportunities: pd.DataFrame
    renames: pd.DataFrame
    readings: pd.DataFrame

    @cached_property
    def tags(self) -> pd.DataFrame:
        """Return one row per tag: added and removed by whom, split how often and since when."""
        return self._by("tag")

    @cached_property
    def contacts(self) -> pd.DataFrame:
        """Return one row per contact: changes, splits, new opportunities, those that moved to it."""
        return self._by("contact")

    @cached_property
    def origins(self) -> pd.DataFrame:
        """Return one row per origin of opportunities: applied, sourced …; it may tell who splits tags."""
        return self._by("origin")

    @cached_property
    def postings(self) -> pd.DataFrame:
        """Return one row per posting, with its title."""
        titles = {
            posting: title or (f"unlisted posting {posting[:8]}" if posting else "no posting")
            for part in self._parts
            for posting, title in zip(part["posting"], part["title"], strict=True)
        }
        frame = self._by("posting")
        return frame.assign(title=frame["posting"].map(titles))

    @cached_property
    def runs(self) -> pd.DataFrame:
        """Return one row per run of ours: the beginning of its plan id, and what it added and removed."""
        ours = self.taggings[self.taggings["run"] != ""]
        counts = ours.groupby(["run", "kind"]).size().unstack(fill_value=0)
        return counts.reindex(columns=["added_by_us", "removed_by_us"], fill_value=0).reset_index()

    @property
    def headline(self) -> str:
        """Return whether tags are still being split, which, and since when, as a sentence."""
        begin, end = day(self.since.taken_at), day(self.until.taken_at)
        if not len(self.readings):
            return f"Only the reading of {end} is known; the next pull shows what changed"
        if not len(self.splits):
            when = f"on {end}" if begin == end else f"from {begin} to {end}"
            return f"No tag was split in {count(len(self.readings), 'reading')} {when}"
        most, times = self.tags.iloc[0], self.splits["taken_at"]
        first, last = (day(int(moment.timestamp() * 1000)) for moment in (times.min(), times.max()))
        often = f", most often {most['tag']!r} ({most['split']:,})" if most["split"] > 1 else ""
        found = f"{count(len(self.splits), 'time')} since {first}{often}"
        if int(self.splits["reading"].max()) == self.until.number:
            return f"Tags are still being split: {found}"
        return f"Tags were split {found}; the last were found on {last}, none since"

    @property
    def differs(self) -> bool:
        """Return True if anything changed."""
        return any(map(len, (self.taggings, self.splits, self.opportunities, self.renames)))

    @property
    def _parts(self) -> tuple[pd.DataFrame, ...]:
        return self.taggings, self.splits, self.opportunities

    def _by(self, key: str) -> pd.DataFrame:
        return grouped(key, *self._parts)

    def to_json(self) -> str:
        """Return the frames and the two readings as one JSON document, with ids and no names."""
        document: dict[str, object] = {
            "account": self.snapshot.account,
            "headline": self.headline,
            "since": self.since._asdict(),
            "until": self.until._asdict(),
            "counted": None if self.counted is None else sorted(self.counted),
        }
        parts = [(name, json.dumps(value, ensure_ascii=False)) for name, value in document.items()]
        for name in _DOCUMENT:
            rows = getattr(self, name).to_json(orient="records", date_format="iso", force_ascii=False)
            parts.append((name, rows))
        return "{" + ",\n".join(f'"{name}": {value}' for name, value in parts) + "}"
