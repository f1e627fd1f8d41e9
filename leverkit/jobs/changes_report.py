"""The report of what changed between two readings: sections for a notebook, and one HTML page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leverkit.report.charts import chart_readings
from leverkit.report.html import Chart, Html, Section, facts, page, table
from leverkit.report.masthead import Masthead
from leverkit.report.text import count, day

if TYPE_CHECKING:
    import pandas as pd

    from leverkit.jobs.change_facts import ChangeFacts
    from leverkit.report.anonymisation import PersonDisplay

DRAWN = 3  # tags that a chart tells apart; the others are one
_SPLITS = {"split": "Split", "lacking": "Lacking on", "split_since": "Since", "split_last": "Last"}
_CHANGES = {
    "added_by_us": "Added by leverkit",
    "added_by_others": "Added by others",
    "added_by_postings": "Added by postings",
    "came_with_new": "Came with new ones",
    "removed_by_us": "Removed by leverkit",
    "removed_by_others": "Removed by others",
    "removed_by_postings": "Removed by postings",
    "went_with_gone": "Went with gone ones",
}


def render(found: ChangeFacts, parts: dict[str, Section]) -> str:
    """Return the report as one HTML page."""
    return page(
        found.headline,
        parts.values(),
        lead=f"Readings of {day(found.since.taken_at)} and {day(found.until.taken_at)}. {_counted(found)}",
        footer=f"leverkit changes, readings {found.since.number} to {found.until.number}",
        masthead=Masthead.of(found.snapshot.account_facts, found.until.taken_at).html,
    )


def summary_html(found: ChangeFacts) -> Html:
    """Return the headline and the tags, for a notebook."""
    headline = Html("<p><strong>{}</strong></p>").format(found.headline)
    return headline + (_tags(found.tags, limit=10) if found.differs else Html())


def sections(found: ChangeFacts, people: PersonDisplay) -> dict[str, Section]:
    """Return the sections of the report by name, for a page or a notebook."""
    parts = {
        "account": Section("The account", [facts(_figures(found))]),
        "splits": _splits(found, people),
        "tags": _changes(found),
        "opportunities": _opportunities(found, people),
        "renames": _renames(found),
        "runs": _runs(found),
    }
    return {name: part for name, part in parts.items() if part}


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
    return chart_readings(frame, title=f"{len(rows):,} splits in {count(number, 'reading')}, by tag")


_OTHERS = "all other tags"


def _counted(found: ChangeFacts) -> str:
    if found.counted is None:
        return "No tag was planned as contact yet: all tags except those of postings were checked for splits."
    tags = count(len(found.counted), "tag")
    return f"Checked for splits: {tags}, named or planned as contact tags."


def _figures(found: ChangeFacts) -> dict[str, object]:
    kinds, became = found.taggings["kind"], found.opportunities["became"]
    return {
        "readings": len(found.readings),
        "new opportunities": int((became == "new opportunity").sum()),
        "taggings more": int((~kinds.isin(_LOST)).sum()),
        "taggings fewer": int(kinds.isin(_LOST).sum()),
        "added by leverkit": int((kinds == "added_by_us").sum()),
        "splits": len(found.splits),
    }


_LOST = ("removed_by_us", "removed_by_others", "removed_by_postings", "went_with_gone")


def _splits(found: ChangeFacts, people: PersonDisplay) -> Section:
    if not len(found.splits):
        return Section("No tag was split", ["No tag was added to only one of a person's opportunities."])
    tags = found.tags[found.tags["split"] > 0]
    parts: list[str | Html | Chart] = [
        "A tag counts as split where others added it to one of a person's several opportunities, or where a "
        "new opportunity lacks it, even if leverkit has fixed that since.",
        *([chart(found)] if len(found.readings) > 1 else []),
        table(_named(tags, {"tag": "Tag", **_SPLITS}), limit=20),
    ]
    for frame, name, title in ((found.origins, "origin", "Origin"), (found.postings, "title", "Posting")):
        rows = frame[frame["split"] > 0].replace("", "unknown")
        shown = _named(rows, {name: title, "new_opportunities": "New opportunities", **_SPLITS})
        parts.append(table(shown, limit=10, caption=f"By {title.lower()} of the opportunity"))
    latest = found.splits.iloc[::-1]
    columns = {"tag": "Tag", "how": "How", "taken_at": "Found"}
    parts.append(table(**_with_links(latest, columns, people), caption="The latest splits"))
    return Section(f"{count(len(tags), 'tag')} split, the most frequent first", parts)


def _changes(found: ChangeFacts) -> Section | None:
    if not len(found.taggings):
        return None
    return Section(
        f"{count(len(found.tags), 'tag')} with changes",
        [
            "A tag that was added and removed again in between does not count as a change.",
            _tags(found.tags, limit=30),
        ],
    )


def _tags(tags: pd.DataFrame, *, limit: int) -> Html:
    columns = {name: title for name, title in {**_CHANGES, "split": "Split"}.items() if tags[name].any()}
    return table(_named(tags, {"tag": "Tag", **columns}), limit=limit)


def _opportunities(found: ChangeFacts, people: PersonDisplay) -> Section | None:
    rows = found.opportunities
    if not len(rows):
        return None
    kinds = rows["became"].value_counts()
    words = ", ".join(f"{number:,} {kind}" for kind, number in kinds.items())
    moved = rows[rows["became"] == "moved"]
    merges = moved.groupby(["moved_from", "contact"], as_index=False).agg(
        opportunities=("opportunity", "size"), taken_at=("taken_at", "max")
    )
    parts: list[str | Html | Chart] = [f"{words}."]
    if len(merges):
        merges = merges.assign(**{name: merges[name].map(people.name) for name in ("moved_from", "contact")})
        columns = {"moved_from": "Contact", "contact": "Now part of", "opportunities": "Opportunities"}
        parts.append(table(_named(merges, {**columns, "taken_at": "Found"}), limit=20))
    return Section(f"{count(len(rows), 'opportunity', 'opportunities')} came, went or moved", parts)


def _renames(found: ChangeFacts) -> Section | None:
    if not len(found.renames):
        return None
    columns = {"tag": "Tag", "now": "Now", "taken_at": "Found"}
    heading = f"{count(len(found.renames), 'tag was', 'tags were')} renamed or merged in Lever"
    return Section(heading, [table(_named(found.renames, columns))])


def _runs(found: ChangeFacts) -> Section | None:
    if not len(found.runs):
        return None
    columns = {"run": "Plan", "added_by_us": "Added", "removed_by_us": "Removed"}
    heading = f"{count(len(found.runs), 'run')} of leverkit made what is there now"
    return Section(heading, [table(_named(found.runs, columns), limit=20)])


def _named(frame: pd.DataFrame, columns: dict[str, str]) -> pd.DataFrame:
    return frame[list(columns)].rename(columns=columns)


def _with_links(rows: pd.DataFrame, columns: dict[str, str], people: PersonDisplay) -> dict[str, Any]:
    """Return the arguments of `table` for rows with opportunities, which link to Lever."""
    shown = people.table_arguments(rows.reset_index(drop=True), 20)
    shown["frame"] = _named(shown["frame"], {**columns, "contact": "Contact", "opportunity": "Opportunity"})
    shown["links"] = {"Opportunity": shown["links"]["opportunity"]}
    return shown
