"""The facts that a snapshot holds about its tags, as frames in a fixed order; no opinions.

DuckDB computes them from the Parquet files. The frames are pandas DataFrames.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from leverkit.analysis import posting_tags, queries
from leverkit.analysis.findings import findings, to_decide
from leverkit.analysis.queries import query
from leverkit.analysis.spelling import spellings
from leverkit.report.text import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from leverkit.snapshot.snapshot import Snapshot


@dataclass(frozen=True, repr=False)
class AuditFacts:
    """Facts about the tags of an account. Shares are 0 to 1, times are UTC timestamps.

    `tags`: one row per tag, most used first: tag; opportunities and contacts that carry it;
    split_contacts that carry it, inconsistent_contacts of them; present and missing (opportunities of theirs
    with it and without it);
    coverage (share of their opportunities with it); agreement (chance that a sibling of an opportunity with
    it has it too) against expected (what independence would give); pattern of what is missing (newer, older,
    mixed, archived only, -); what it goes with (see `queries.associations`); posting_tag and why; the figures
    behind that.
    `contacts`: one row per contact with several opportunities, with the number of its tags, of those that
    differ, and of those of these that come from no posting (tags_to_decide).
    `inconsistencies`: one row per contact and tag: have, lack, pattern, posting_tag.
    `findings`: code, subject, count, evidence, fix, docs (where the code is explained).
    `sizes`: contacts by number of opportunities.
    `spellings`: see `spelling.spellings`.
    `placements`: see `queries.tag_placements`.
    `gaps`: kind, value, tag, gaps (pairs of tag and opportunity, see `queries.gaps`); without posting tags.
    """

    tags: pd.DataFrame
    contacts: pd.DataFrame
    findings: pd.DataFrame
    sizes: pd.DataFrame
    spellings: pd.DataFrame
    placements: pd.DataFrame
    evidence: pd.DataFrame
    gaps: pd.DataFrame
    summary: dict[str, Any]
    snapshot: Snapshot
    _lacking: _Lacking

    @classmethod
    def of(cls, snapshot: Snapshot, *, sample: int = queries.SAMPLE) -> Self:
        """Compute the facts about a snapshot."""
        with queries.prepare(snapshot) as connection:
            posting_tags.prepare(connection)
            tags = connection.execute(query("tags"), {"patterns": queries.PATTERNS}).df()
            tags = tags.merge(queries.associations(connection), on="t", how="left")
            numbers = tags["t"].to_numpy()
            tags = posting_tags.judge(tags, queries.posting_evidence(connection))
            sizes = connection.sql(queries.SIZES).df()
            spelt = spellings(tags)
            placements = queries.tag_placements(connection, tags, spelt, sample=sample)
            evidence = queries.evidence(connection)
            wanted = (tags["missing"] > 0) & ~tags["posting_tag"]
            gaps = queries.gaps(connection, numbers[wanted.to_numpy()].tolist())
            gaps = gaps.assign(tag=queries.taken(tags.set_index(numbers)["tag"], gaps["t"])).drop(columns="t")
            totals = connection.sql(query("totals")).df().iloc[0].to_dict()
            queries.drop(connection, "opp")
            contacts = connection.sql(query("contacts")).df()
            rows = connection.sql(queries.LACKING).fetchnumpy()
        lacking = _Lacking(rows, contacts.set_index("c")["contact"], tags.set_index(numbers))
        contacts = contacts.drop(columns="c")
        return cls(
            tags=tags,
            contacts=contacts,
            findings=findings(tags, spelt, snapshot, totals),
            sizes=sizes,
            spellings=spelt,
            placements=placements,
            evidence=evidence,
            gaps=gaps[["kind", "value", "tag", "gaps"]],
            summary=_summary(totals, tags, contacts, snapshot),
            snapshot=snapshot,
            _lacking=lacking,
        )

    @cached_property
    def inconsistencies(self) -> pd.DataFrame:
        """Return one row per contact and tag that is on some of their opportunities only; reads the snapshot.

        Raises UsageError where the snapshot was pulled again since the audit.
        """
        self.snapshot.require_unchanged()
        posting_tags = self.tags.loc[self.tags["posting_tag"], "tag"]
        with queries.prepare(self.snapshot) as connection:
            return queries.inconsistencies(connection, posting_tags)

    def people_with_gaps(self, kinds: Mapping[str, str], order: Sequence[str]) -> pd.DataFrame:
        """Return one row per contact with gaps of tags that `kinds` names; see `_Lacking.people`."""
        return self._lacking.people(kinds, order)

    @property
    def headline(self) -> str:
        """Return the main fact as a sentence, and on what it rests if it was not read from Lever."""
        return ", ".join(filter(None, (self._fact, self.summary["copy"])))

    @property
    def no_gaps(self) -> str:
        """Return why an account has no gaps, as a sentence."""
        s = self.summary
        if not s["contacts"]:
            return "No gaps: the account has no opportunities"
        if not s["split_contacts"]:
            return "No gaps: nobody has several opportunities"
        people = count(s["split_contacts"], "person", "people")
        aside = ", but for tags of postings" if s["posting_tags"] else ""
        return f"No gaps: {people} with several opportunities, and the same tags on all of them{aside}"

    @property
    def _fact(self) -> str:
        s = self.summary
        if not s["missing_not_posting"]:
            return self.no_gaps
        return (
            f"{count(s['tags_to_decide'], 'tag has', 'tags have')} "
            f"{count(s['missing_not_posting'], 'gap')} on "
            f"{count(s['opportunities_with_gaps'], 'opportunity', 'opportunities')} of "
            f"{count(s['contacts_to_decide'], 'person', 'people')}"
        )


@dataclass(frozen=True)
class _Lacking:
    """One row per contact (c) and tag (t) with gaps, as `queries.LACKING` gives them: millions, as numbers.

    `contacts` has the id of each contact, and `tags` is `AuditFacts.tags`; both have the numbers as index.
    """

    rows: Mapping[str, Any]
    contacts: pd.Series[Any]
    tags: pd.DataFrame

    def people(self, kinds: Mapping[str, str], order: Sequence[str]) -> pd.DataFrame:
        """Return one row per contact with gaps of tags that have a kind: contact, and its gaps of each kind.

        `kinds` is tag to kind, `order` the columns. Rows are in the order of the ids of the contacts.
        """
        import numpy as np
        import pandas as pd

        kind_of = np.full(int(self.tags.index.max()) + 1 if len(self.tags) else 0, -1, dtype="int8")
        kind_of[self.tags.index] = pd.Index(order).get_indexer(pd.Index(self.tags["tag"].map(kinds)))
        kind = kind_of[self.rows["t"]]
        rows = {name: self.rows[name][kind >= 0] for name in ("c", "lack")}
        places = rows["c"].astype("int64") * len(order) + kind[kind >= 0]
        several = int(self.contacts.index.max()) + 1 if len(self.contacts) else 0
        sums = np.bincount(places, weights=rows["lack"], minlength=several * len(order)).astype("int64")
        gaps = sums.reshape(several, len(order))
        found = np.flatnonzero(gaps.any(axis=1))
        people = pd.DataFrame(gaps[found], columns=list(order))
        people.insert(0, "contact", queries.taken(self.contacts, found))
        return people


def _summary(
    totals: dict[str, Any], tags: pd.DataFrame, contacts: pd.DataFrame, snapshot: Snapshot
) -> dict[str, Any]:
    undecided = to_decide(tags)
    return {
        **{name: int(value) for name, value in totals.items()},
        "inconsistent_contacts": int((contacts["inconsistent_tags"] > 0).sum()),
        "missing": int(tags["missing"].sum()),
        "posting_tags": int(tags["posting_tag"].sum()),
        "posting_taggings": int(tags.loc[tags["posting_tag"], "opportunities"].sum()),
        "tags_to_decide": len(undecided),
        "missing_not_posting": int(undecided["missing"].sum()),
        "contacts_to_decide": int((contacts["tags_to_decide"] > 0).sum()),
        **{name: snapshot.account_facts[name] for name in ("account", "account_name", "host", "demo")},
        "snapshot": snapshot.digest,
        "taken_at": snapshot.taken_at,
        "copy": snapshot.caveat,
        "not_seen": list(snapshot.meta.get("not_seen", [])),
    }
