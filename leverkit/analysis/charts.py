"""The charts of an audit, made from its frames; the title of each states what it shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from leverkit.analysis.findings import duplicates, to_decide
from leverkit.errors import UsageError
from leverkit.report.anonymisation import PersonDisplay
from leverkit.report.charts import chart_agreement, chart_contacts, chart_coverage, chart_spellings
from leverkit.report.html import Chart, Html, Section, link, table

if TYPE_CHECKING:
    import pandas as pd

    from leverkit.snapshot.snapshot import Snapshot


@dataclass(frozen=True)
class AuditCharts:
    """The charts of an audit, from its frames; each is drawn once, for a notebook and for its report."""

    tags: pd.DataFrame
    sizes: pd.DataFrame
    spelt: pd.DataFrame
    _agreements: dict[frozenset[tuple[str, str]], Chart] = field(default_factory=dict, repr=False)

    @cached_property
    def coverage(self) -> Chart:
        """The coverage of the tags to decide on, those missing on most opportunities first."""
        rows = to_decide(self.tags)
        title = "No tag is missing anywhere"
        if len(rows):
            worst = rows.iloc[0]
            places = worst["missing"] + worst["present"]
            title = f"Most is missing of {worst['tag']}: on {worst['missing']:,} of {places:,} opportunities"
        return chart_coverage(rows.assign(kind="undecided"), title=title)

    def agreement(self, scopes: Mapping[str, str]) -> Chart:
        """Return coverage against agreement for tags that are missing somewhere, with the scope as colour.

        The scope of a tag that is not in `scopes` is opportunity for a posting tag, else undecided.
        """
        decided = frozenset(scopes.items())
        if decided not in self._agreements:
            self._agreements[decided] = _agreement(self.tags, scopes)
        return self._agreements[decided]

    @cached_property
    def spellings(self) -> Chart:
        """The groups of spellings of one tag, those with the most uses of other spellings first."""
        groups = duplicates(self.spelt)
        title = "Every tag has one spelling"
        if groups:
            (right, _), *others = groups[0]
            title = f"Most are parted from {right}: {sum(used for _, used in others):,} opportunities"
        return chart_spellings(groups, title=title)

    @cached_property
    def contacts(self) -> Chart:
        """How many contacts have several opportunities."""
        several = self.sizes[self.sizes["opportunities"] > 1]
        two = int(several.loc[several["opportunities"] == 2, "contacts"].sum())
        title = f"{two:,} of {int(several['contacts'].sum()):,} people with several have exactly two"
        return chart_contacts(self.sizes, title=title)


def _agreement(tags: pd.DataFrame, scopes: Mapping[str, str]) -> Chart:
    rows = tags[tags["missing"] > 0]
    postings = zip(rows["tag"], rows["posting_tag"], strict=True)
    kinds = [scopes.get(tag, "opportunity" if posting else "undecided") for tag, posting in postings]
    own = to_decide(tags)
    agreed = int((own["agreement"] >= 0.5).sum())
    title = f"Siblings agree at least half the time on {agreed:,} of {len(own):,} tags to decide"
    return chart_agreement(rows.assign(kind=kinds), title=title)


def matrix(snapshot: Snapshot, contact: str, names: PersonDisplay) -> Section:
    """Return the tags of a contact: one row per tag, one column per opportunity, the oldest first."""
    import pandas as pd

    query = """SELECT contact, id, tags, archived_at IS NOT NULL AS archived,
                      strftime(make_timestamp_ms(created_at), '%Y-%m-%d') AS day
               FROM opportunities WHERE starts_with(contact, $start) ORDER BY contact, created_at, id"""
    rows = snapshot.sql(query, params={"start": contact}).fetchall()
    found = sorted({row[0] for row in rows})
    if len(found) != 1:
        raise UsageError(f"{len(found):,} contacts have an id that begins with {contact!r}; name one")
    own = [set(tags) for _, _, tags, _, _ in rows]
    texts = sorted(set().union(*own), key=lambda text: (-sum(text in tags for tags in own), text))
    columns = {"Tag": texts}
    for place, (_, _, tags, archived, day) in enumerate(rows, 1):
        name = f"{place}: {day}" + (" archived" if archived else "")
        columns[name] = ["●" if text in tags else "" for text in texts]
    common = sum(all(text in tags for tags in own) for text in texts)
    heading = f"{common:,} of {len(texts):,} tags are on all of {len(rows):,} opportunities"
    grid = table(pd.DataFrame(columns), caption=f"Contact {names.name(found[0])}")
    newest = names.link(rows[-1][1])
    opened = [Html("<p>{}</p>").format(link("Open the newest in Lever", newest))] if newest else []
    return Section(heading, [grid, *opened])
