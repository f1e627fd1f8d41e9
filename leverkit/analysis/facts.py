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
    from collections.abc import Mapping

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
    _differing: _Differing

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
            lacking = (tags["missing"] > 0) & ~tags["posting_tag"]
            gaps = queries.gaps(connection, numbers[lacking.to_numpy()].tolist())
            gaps = gaps.assign(tag=_taken(tags.set_index(numbers)["tag"], gaps["t"])).drop(columns="t")
            totals = connection.sql(query("totals")).df().iloc[0].to_dict()
            queries.drop(connection, "opp")
            contacts = connection.sql(query("contacts")).df()
            rows = connection.sql(queries.INCONSISTENCIES).fetchnumpy()
        differing = _Differing(rows, contacts.set_index("c")["contact"], tags.set_index(numbers))
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
            _differing=differing,
        )

    @cached_property
    def inconsistencies(self) -> pd.DataFrame:
        """Return one row per contact and tag that is on some of their opportunities only."""
        return self._differing.frame()

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
class _Differing:
    """The inconsistencies, with contacts (c) and tags (t) as numbers: there are millions of rows."""

    rows: Mapping[str, Any]
    people: pd.Series[Any]
    tags: pd.DataFrame

    def frame(self) -> pd.DataFrame:
        """Return the inconsistencies with their texts."""
        import pandas as pd

        rows, patterns = self.rows, pd.Series(queries.PATTERNS)
        columns = {
            "contact": _taken(self.people, rows["c"]),
            "tag": _taken(self.tags["tag"], rows["t"]),
            "have": rows["have"].astype("int32"),
            "lack": rows["lack"].astype("int32"),
            "pattern": _taken(patterns, rows["pattern"]),
            "posting_tag": _taken(self.tags["posting_tag"], rows["t"]),
        }
        return pd.DataFrame(columns)


def _taken(values: pd.Series[Any], numbers: Any) -> Any:
    return values.array.take(values.index.get_indexer(numbers))


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
