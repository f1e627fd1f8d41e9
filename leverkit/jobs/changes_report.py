"""The report of what changed between two readings: sections for a notebook, and one HTML page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from leverkit.analysis.report import rows_file
from leverkit.report.charts import chart_readings
from leverkit.report.html import Chart, Html, Section, facts, page, table
from leverkit.report.masthead import Masthead, moment
from leverkit.report.text import count, day, figures

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from leverkit.jobs.change_facts import ChangeFacts
    from leverkit.report.anonymisation import PersonDisplay

DRAWN = 3  # tags that a chart tells apart; the others are one
_SPLITS = {
    "split": "Times split",
    "lacking": "Opportunities without it",
    "split_since": "First",
    "split_last": "Last",
}
_CHANGES = {
    "added_by_us": "Added by leverkit",
    "added_by_others": "Added by others",
    "added_by_postings": "Added by postings",
    "came_with_new": "On new opportunities",
    "removed_by_us": "Removed by leverkit",
    "removed_by_others": "Removed by others",
    "removed_by_postings": "Removed by postings",
    "went_with_gone": "On opportunities that are gone",
}


def render(found: ChangeFacts, parts: dict[str, Section]) -> str:
    """Return the report as one HTML page."""
    return page(
        found.headline,
        parts.values(),
        lead=f"The readings of {_window(found)} are compared. {_counted(found)}"
        if len(found.readings)
        else "",
        footer=f"leverkit changes, readings {found.since.number} to {found.until.number}",
        masthead=Masthead.of(found.snapshot.account_facts, found.until.taken_at).html,
    )


def summary_html(found: ChangeFacts) -> Html:
    """Return the headline and the tags, for a notebook."""
    headline = Html("<p><strong>{}</strong></p>").format(found.headline)
    return headline + (_tags(found.tags, limit=10, rest=_rest(None, "tags")) if found.differs else Html())


def sections(found: ChangeFacts, people: PersonDisplay, beside: Path | None = None) -> dict[str, Section]:
    """Return the sections of the report by name, for a page or a notebook.

    `beside` is the page that `Changes.to_html` writes, with a CSV file for each section that has rows.
    """
    parts = {
        "account": Section("In numbers", [facts(_figures(found))]),
        "splits": _splits(found, people, _rest(beside, "splits")),
        "tags": _changes(found, _rest(beside, "tags")),
        "opportunities": _opportunities(found, people, _rest(beside, "opportunities")),
        "renames": _renames(found, _rest(beside, "renames")),
        "runs": _runs(found, _rest(beside, "runs")),
    }
    rows = {name: _without_ids(getattr(found, name), people) for name in _ROWS}
    return {name: replace(part, rows=rows.get(name)) for name, part in parts.items() if part}


_ROWS = ("splits", "tags", "opportunities", "renames", "runs")
_IDS = ("contact", "opportunity", "moved_from")


def _rest(beside: Path | None, name: str) -> str:
    """Return where all rows of a table are."""
    return f"all are in {rows_file(beside, name).name if beside else f'the DataFrame {name}'}"


def _without_ids(frame: pd.DataFrame, people: PersonDisplay) -> pd.DataFrame:
    """Return rows for a CSV file: with salted ids where people are anonymised."""
    ids = [name for name in _IDS if name in frame] if people.salt else []
    return frame.assign(**{name: frame[name].map(lambda id_: id_ and people.name(id_)) for name in ids})


def chart(found: ChangeFacts) -> Chart:
    """Draw how many splits each reading found: the tags with most of them, and all others together."""
    tags = found.tags
    first = [str(tag) for tag in tags.loc[tags["split"] > 0, "tag"].head(DRAWN)]
    rows = found.splits.assign(tag=found.splits["tag"].where(found.splits["tag"].isin(first), _OTHERS))
    counts = rows.groupby(["reading", "tag"]).size().unstack(fill_value=0)
    names = [*first, *([_OTHERS] if _OTHERS in counts else [])]
    counts = counts.reindex(index=found.readings["reading"], columns=names, fill_value=0)
    frame = counts.reset_index(drop=True)
    frame.insert(0, "taken_at", found.readings["taken_at"])
    number = len(found.readings)
    return chart_readings(frame, title=f"{count(len(rows), 'split')} in {count(number, 'reading')}, by tag")


_OTHERS = "all other tags"


def _window(found: ChangeFacts) -> str:
    """Return when the two readings were, with the time where they are of one day."""
    times = found.since.taken_at, found.until.taken_at
    begin, end = map(day, times)
    return f"{begin} and {end}" if begin != end else " and ".join(f"{moment(at)} UTC" for at in times)


def _counted(found: ChangeFacts) -> str:
    if found.counted is None:
        return "No tag was planned as contact yet: all tags except those of postings were checked for splits."
    tags = count(len(found.counted), "tag")
    return f"Checked for splits: {tags}, which were named or planned as contact tags."


def _figures(found: ChangeFacts) -> dict[str, object]:
    kinds, became = found.taggings["kind"], found.opportunities["became"]
    return figures(
        (len(found.readings), "new reading"),
        (int((became == "new opportunity").sum()), "new opportunity", "new opportunities"),
        (int((~kinds.isin(_LOST)).sum()), "tagging added", "taggings added"),
        (int((kinds == "added_by_us").sum()), "of them by leverkit", "of them by leverkit"),
        (int(kinds.isin(_LOST).sum()), "tagging gone", "taggings gone"),
        (len(found.splits), "split"),
    )


_LOST = ("removed_by_us", "removed_by_others", "removed_by_postings", "went_with_gone")


def _splits(found: ChangeFacts, people: PersonDisplay, rest: str) -> Section:
    if not len(found.readings):
        return Section("Nothing to compare yet", ["A later reading shows which tags were split since."])
    if not len(found.splits):
        return Section("No tag was split", ["No tag was added to only one of a person's opportunities."])
    tags = found.tags[found.tags["split"] > 0]
    parts: list[str | Html | Chart] = [
        "A tag counts as split where others added it to one of a person's several opportunities, or where a "
        "new opportunity lacks it, even if leverkit has fixed that since.",
        *([chart(found)] if len(found.readings) > 1 else []),
        table(_named(tags, {"tag": "Tag", **_SPLITS}), limit=20, unfold=len(tags)),
    ]
    for frame, name, title in ((found.origins, "origin", "Origin"), (found.postings, "title", "Posting")):
        rows = frame[frame["split"] > 0].replace("", "unknown")
        shown = _named(rows, {name: title, "new_opportunities": "New opportunities", **_SPLITS})
        caption = f"By {title.lower()} of the opportunity"
        parts.append(table(shown, limit=10, unfold=len(shown), caption=caption))
    latest = found.splits.iloc[::-1]
    columns = {"tag": "Tag", "how": "How", "taken_at": "Found"}
    parts.append(table(**_with_links(latest, columns, people), caption="The latest splits", rest=rest))
    return Section(f"{count(len(tags), 'tag was', 'tags were')} split, the most often split first", parts)


def _changes(found: ChangeFacts, rest: str) -> Section | None:
    if not len(found.taggings):
        return None
    return Section(
        f"{count(len(found.tags), 'tag')} changed",
        [
            "A tag that was added and removed again in between does not count as a change.",
            _tags(found.tags, limit=30, rest=rest),
        ],
    )


def _tags(tags: pd.DataFrame, *, limit: int, rest: str) -> Html:
    every = {**_CHANGES, "split": "Times split"}
    columns = {name: title for name, title in every.items() if tags[name].any()}
    return table(_named(tags, {"tag": "Tag", **columns}), limit=limit, rest=rest)


def _opportunities(found: ChangeFacts, people: PersonDisplay, rest: str) -> Section | None:
    rows = found.opportunities
    if not len(rows):
        return None
    kinds = rows["became"].value_counts()
    words = ", ".join(_became(str(kind), int(number)) for kind, number in kinds.items())
    moved = rows[rows["became"] == "moved"]
    merges = moved.groupby(["moved_from", "contact"], as_index=False).agg(
        opportunities=("opportunity", "size"), taken_at=("taken_at", "max")
    )
    parts: list[str | Html | Chart] = [f"{words}."]
    if len(merges):
        merges = merges.assign(**{name: merges[name].map(people.name) for name in ("moved_from", "contact")})
        columns = {"moved_from": "Contact", "contact": "Now part of", "opportunities": "Opportunities"}
        parts.append(table(_named(merges, {**columns, "taken_at": "Found"}), limit=20, rest=rest))
    return Section(f"{count(len(rows), 'opportunity', 'opportunities')} came, went or moved", parts)


def _became(kind: str, number: int) -> str:
    if kind == "new opportunity":
        return count(number, "new opportunity", "new opportunities")
    return f"{count(number, 'opportunity', 'opportunities')} {kind}"


def _renames(found: ChangeFacts, rest: str) -> Section | None:
    if not len(found.renames):
        return None
    columns = {"tag": "Tag", "now": "Now", "taken_at": "Found"}
    heading = f"{count(len(found.renames), 'tag was', 'tags were')} renamed or merged in Lever"
    return Section(heading, [table(_named(found.renames, columns), rest=rest)])


def _runs(found: ChangeFacts, rest: str) -> Section | None:
    if not len(found.runs):
        return None
    columns = {"run": "Plan", "added_by_us": "Added", "removed_by_us": "Removed"}
    heading = f"{count(len(found.runs), 'run')} of leverkit changed tags"
    return Section(heading, [table(_named(found.runs, columns), limit=20, rest=rest)])


def _named(frame: pd.DataFrame, columns: dict[str, str]) -> pd.DataFrame:
    return frame[list(columns)].rename(columns=columns)


def _with_links(rows: pd.DataFrame, columns: dict[str, str], people: PersonDisplay) -> dict[str, Any]:
    """Return the arguments of `table` for rows with opportunities, which link to Lever."""
    shown = people.table_arguments(rows.reset_index(drop=True), 20)
    shown["frame"] = _named(shown["frame"], {**columns, "contact": "Contact", "opportunity": "Opportunity"})
    shown["links"] = {"Opportunity": shown["links"]["opportunity"]}
    return shown
