"""The charts of an audit, made from its frames; the title of each states what it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from leverkit.analysis.findings import duplicates, to_decide
from leverkit.analysis.standing import COPY, KINDS, LIKELY, MEANT, OPEN, STAYS, Opinion, Standing
from leverkit.errors import UsageError
from leverkit.report.anonymisation import PersonDisplay
from leverkit.report.chart_style import COLOURS, label
from leverkit.report.charts import chart_agreement, chart_contacts, chart_coverage, chart_spellings
from leverkit.report.gap_charts import chart_months, chart_where
from leverkit.report.html import Chart, Html, Section, link, table
from leverkit.report.pictures import OneOpportunity, one_person
from leverkit.report.text import count

if TYPE_CHECKING:
    import pandas as pd

    from leverkit.analysis.facts import AuditFacts
    from leverkit.snapshot.snapshot import Snapshot

RECENT = 3  # months
_OPPORTUNITIES = """
    SELECT contact, id, tags, archived_at IS NOT NULL AS archived,
           strftime(make_timestamp_ms(created_at), '%Y-%m-%d') AS day
    FROM opportunities WHERE starts_with(contact, $start) ORDER BY contact, created_at, id"""


@dataclass(frozen=True)
class AuditCharts:
    """The charts of an audit; each is drawn once by the same opinion, for a notebook and for its report."""

    facts: AuditFacts
    _drawn: dict[tuple[str, object], Chart] = field(default_factory=dict, repr=False)

    def coverage(self, opinion: Opinion) -> Chart:
        """Return the coverage of the tags with gaps."""
        return self._once("coverage", opinion, lambda: _coverage(Standing.of(self.facts, opinion)))

    def agreement(self, opinion: Opinion) -> Chart:
        """Return coverage against agreement of the tags that are missing somewhere."""
        return self._once("agreement", opinion, lambda: _agreement(self.facts.tags, opinion))

    def months(self, opinion: Opinion) -> Chart:
        """Return when the gaps came about."""
        return self._once("months", opinion, lambda: _months(self.facts, opinion))

    def where(self, opinion: Opinion) -> Chart:
        """Return on opportunities of which origin and posting the gaps are."""
        return self._once("where", opinion, lambda: _where(self.facts, opinion))

    def spellings(self) -> Chart:
        """Return the groups of spellings of one tag."""
        return self._once("spellings", None, lambda: _spellings(self.facts.spellings))

    def contacts(self) -> Chart:
        """Return how many contacts have several opportunities."""
        return self._once("contacts", None, lambda: _contacts(self.facts.sizes))

    def _once(self, name: str, opinion: Opinion | None, draw: Callable[[], Chart]) -> Chart:
        key = (name, opinion and opinion.key)
        if key not in self._drawn:
            self._drawn[key] = draw()
        return self._drawn[key]


def _coverage(standing: Standing) -> Chart:
    """Draw the coverage of the tags with gaps, those with most gaps first."""
    rows, title = standing.tags, "No tag has a gap"
    if len(rows):
        worst = rows.iloc[0]
        every = count(int(worst["missing"] + worst["present"]), "opportunity", "opportunities")
        title = f"{label(worst['tag'], 40)} has the most gaps: missing on {worst['missing']:,} of {every}"
        if (first := int((rows["missing"] == worst["missing"]).sum())) > 1:
            title = f"{count(first, 'tag')} have the most gaps: {worst['missing']:,} each"
    return chart_coverage(rows, title=title)


def _agreement(tags: pd.DataFrame, opinion: Opinion) -> Chart:
    """Draw coverage against agreement for the tags that are missing somewhere, coloured by kind."""
    rows = tags[tags["missing"] > 0]
    own = to_decide(tags)
    agreed = int((own["agreement"] >= 0.5).sum())
    title = f"Half of the siblings or more agree on {agreed:,} of {count(len(own), 'tag')} with gaps"
    return chart_agreement(rows.assign(kind=opinion.kinds(rows)), title=title)


def _months(facts: AuditFacts, opinion: Opinion) -> Chart:
    """Draw when the gaps came about: the months in which the newer of the two opportunities was created."""
    import pandas as pd

    rows = _by_kind(facts, opinion, "month")
    newest = max(rows.index)
    last = datetime.fromtimestamp(facts.summary["newest_created_at"] / 1000, UTC).strftime("%Y-%m")
    every = pd.period_range(min(rows.index), max(newest, last), freq="M").astype(str)
    rows = rows.reindex(every, fill_value=0)
    recent = int(rows.tail(RECENT).to_numpy().sum())
    title = f"No gap came about since {newest}, though people applied until {last}"
    if recent:
        title = f"{count(recent, 'gap')} came about in the {RECENT} months up to {rows.index[-1]}"
    return chart_months(rows, title=title)


def _where(facts: AuditFacts, opinion: Opinion) -> Chart:
    """Draw on opportunities of which origin and posting the gaps are."""
    origins, postings = (_by_kind(facts, opinion, kind) for kind in ("origin", "posting"))
    gaps = origins.sum(axis="columns")
    first, every = int(gaps.iloc[0]), count(int(gaps.sum()), "gap")
    are = "is" if first == 1 else "are"
    title = f"{first:,} of {every} {are} on opportunities of origin {label(gaps.index[0], 40)}"
    return chart_where(origins, postings, title=title)


def _by_kind(facts: AuditFacts, opinion: Opinion, what: str) -> pd.DataFrame:
    """Return the gaps by month, origin or posting, the largest first, with a column for each kind of gap."""
    rows = facts.gaps[facts.gaps["kind"] == what]
    kinds = rows["tag"].map({tag: opinion.kind(tag) for tag in rows["tag"].unique()})
    counts = rows["gaps"].groupby([rows["value"], kinds]).sum().unstack(fill_value=0).astype("int64")
    counts = counts[[kind for kind in KINDS if kind in counts]].rename_axis(index=None, columns=None)
    order = counts.sum(axis="columns").sort_values(ascending=False, kind="stable").index
    return counts.loc[order]


def _spellings(spellings: pd.DataFrame) -> Chart:
    """Draw the groups of spellings of one tag, those with the most uses of other spellings first."""
    groups = duplicates(spellings)
    title = "Every tag has one spelling"
    if groups:
        (right, _), *others = groups[0]
        used = count(sum(used for _, used in others), "opportunity uses", "opportunities use")
        title = f"{used} another spelling of {label(right, 40)}"
    return chart_spellings(groups, title=title)


def _contacts(sizes: pd.DataFrame) -> Chart:
    """Draw how many contacts have several opportunities, from `Audit.sizes`."""
    two = int(sizes.loc[sizes["opportunities"] == 2, "contacts"].sum())
    split = int(sizes.loc[sizes["opportunities"] > 1, "contacts"].sum())
    people, have = count(split, "person", "people"), "has" if two == 1 else "have"
    title = f"{two:,} of {people} with several opportunities {have} exactly two"
    return chart_contacts(sizes, title=title)


def matrix(snapshot: Snapshot, contact: str, names: PersonDisplay) -> Section:
    """Return the tags of a contact: one row per tag, one column per opportunity, the oldest first."""
    import pandas as pd

    rows = _opportunities(snapshot, contact)
    found = sorted({row[0] for row in rows})
    if len(found) != 1:
        have = count(len(found), "contact has", "contacts have")
        raise UsageError(f"{have} an id that begins with {contact!r}; name one")
    own = [set(tags) for _, _, tags, _, _ in rows]
    texts = sorted(set().union(*own), key=lambda text: (-sum(text in tags for tags in own), text))
    columns = {"Tag": texts}
    for place, (_, _, tags, archived, day) in enumerate(rows, 1):
        name = f"{place}: {day}" + (" archived" if archived else "")
        columns[name] = ["●" if text in tags else "" for text in texts]
    common = sum(all(text in tags for tags in own) for text in texts)
    are = "is" if common == 1 else "are"
    every = "the only opportunity"
    if len(rows) > 1:
        every = f"all {count(len(rows), 'opportunity', 'opportunities')}"
    heading = f"{common:,} of {count(len(texts), 'tag')} {are} on {every}"
    grid = table(pd.DataFrame(columns), caption=f"Contact {names.name(found[0])}")
    newest = names.link(rows[-1][1])
    opened = [Html("<p>{}</p>").format(link("Open the newest in Lever", newest))] if newest else []
    return Section(heading, [grid, *opened])


def example(snapshot: Snapshot, standing: Standing, opinion: Opinion, names: PersonDisplay) -> Section:
    """Return one person with two to four opportunities as a picture: with gaps to copy, and few others."""
    gaps = standing.people.set_index("contact")
    rest = gaps[[MEANT, STAYS]].sum(axis="columns")
    ranked = gaps.assign(rest=rest, few=-(gaps[COPY] + gaps[LIKELY]).clip(upper=2)).reset_index()
    for contact in ranked.sort_values(["few", "rest", OPEN, "contact"])["contact"].head(50):
        rows = _opportunities(snapshot, contact)
        if 2 <= len(rows) <= 4:
            return _picture(rows, set(standing.tags["tag"]), opinion, names)
    return Section("One person", ["Nobody with two to four opportunities has a gap."])


def _opportunities(snapshot: Snapshot, start: str) -> list[tuple[str, str, list[str], bool, str]]:
    return snapshot.sql(_OPPORTUNITIES, params={"start": start}).fetchall()


def _picture(
    rows: list[tuple[str, str, list[str], bool, str]], gaps: set[str], opinion: Opinion, names: PersonDisplay
) -> Section:
    held = [set(tags) for _, _, tags, _, _ in rows]
    differ = sorted((set().union(*held) - held[0].intersection(*held)) & gaps)
    drawn = [
        OneOpportunity(
            f"Opportunity {place} of {len(rows)}, created {day}" + (", archived" if archived else ""),
            [tag for tag in differ if tag in own],
            [tag for tag in differ if tag not in own],
            len(own.difference(differ)),
        )
        for place, ((_, _, _, archived, day), own) in enumerate(zip(rows, held, strict=True), 1)
    ]
    lacking = sum(len(each.lacks) for each in drawn)
    colours = {tag: COLOURS[opinion.kind(tag)] for tag in differ}
    opportunities = count(len(rows), "opportunity", "opportunities")
    heading = f"One person with {opportunities}: {count(lacking, 'gap')}"
    newest = names.link(rows[-1][1])
    opened = [Html("<p>{}</p>").format(link("Open the newest in Lever", newest))] if newest else []
    note = f"Contact {names.name(rows[0][0])}. A dashed tag is a gap: another of these opportunities has it."
    return Section(heading, [one_person(drawn, colours), note, *opened])
