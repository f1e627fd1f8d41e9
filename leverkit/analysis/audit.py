"""What a snapshot says about its tags: facts for people to decide on, no opinions.

Reads Parquet through DuckDB, gives pandas DataFrames with a fixed order, and draws itself.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leverkit.analysis import posting_tags, queries
from leverkit.analysis.cost import costs
from leverkit.analysis.findings import findings
from leverkit.analysis.queries import associations, placements
from leverkit.analysis.readiness import HISTORY, Readiness, history, readiness, remember
from leverkit.report.anonymisation import People
from leverkit.report.text import count
from leverkit.snapshot.snapshot import Snapshot
from leverkit.storage.files import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from leverkit.analysis.report import Reader
    from leverkit.policy.policy import Policy
    from leverkit.report.html import Chart, Section


@dataclass(frozen=True, repr=False)
class Audit:
    """Facts about the tags of an account.

    `tags`: one row a tag, most used first: tag; opportunities and contacts that carry it;
    split_contacts that carry it, inconsistent_contacts of them; present and missing (opportunities of theirs
    with it and without it);
    coverage (share of their opportunities with it); agreement (chance that a sibling of an opportunity with
    it has it too) against expected (what independence would give); pattern of what is missing (newer, older,
    mixed, archived only, -); what it goes with (see `associations`); posting_tag and why; the figures
    behind that.
    `contacts`: one row a split contact, with the number of its tags, of those that differ, and of those of
    these that come from no posting (tags_to_decide).
    `inconsistencies`: one row a (contact, tag): have, lack, pattern, posting_tag.
    `findings`: code, subject, count, evidence, fix, docs (where the code is explained).
    `sizes`: contacts by number of opportunities.
    `placements`: for tags that are no posting's, contacts (of a total) by tag, their number n of postings,
    and on how many k they carry it; spellings of one tag count as one.
    Shares are 0 to 1, times are UTC timestamps.
    """

    tags: pd.DataFrame
    contacts: pd.DataFrame
    inconsistencies: pd.DataFrame
    findings: pd.DataFrame
    sizes: pd.DataFrame
    placements: pd.DataFrame
    summary: dict[str, Any]
    snapshot: Snapshot

    def contact(self, contact: str, *, anonymise: bool = False) -> Section:
        """Draw a person's opportunities and tags as a small matrix; takes an id or the start of one.

        Raises UsageError where no contact, or more than one, has an id that begins so.
        """
        from leverkit.analysis.charts import matrix

        return matrix(self.snapshot, contact, self._people(anonymise))

    @property
    def headline(self) -> str:
        """Return the finding in a sentence."""
        s = self.summary
        if not s["split_contacts"]:
            return f"None of {s['contacts']:,} people has more than one opportunity: tags cannot disagree"
        if not s["missing_not_posting"]:
            people = count(s["split_contacts"], "person", "people")
            return f"No tags but those of postings differ, on {people} with several opportunities"
        return (
            f"{count(s['tags_to_decide'], 'tag')} may be missing on "
            f"{count(s['missing_not_posting'], 'opportunity', 'opportunities')} of "
            f"{count(s['contacts_to_decide'], 'person', 'people')}"
        )

    @property
    def costs(self) -> pd.DataFrame:
        """Return what a migration would do for each tag and scope, and what a wrong decision leaves."""
        return costs(self.tags)

    def readiness(self, policy: Policy | None = None) -> Readiness:
        """Return how far the account is with what people decided."""
        return readiness(self, policy.scopes if policy else {})

    def remember(self, policy: Policy | None = None) -> pd.DataFrame:
        """Add how far the account is to its history, a file beside the snapshot, and return the history.

        Raises UsageError where the file cannot be written.
        """
        return remember(self.snapshot.path / HISTORY, self.readiness(policy))

    def coverage_chart(self) -> Chart:
        """Draw where the tags that need a decision are, and where they are missing."""
        from leverkit.analysis.charts import coverage

        return coverage(self)

    def contacts_chart(self) -> Chart:
        """Draw how many contacts have two, three and more opportunities."""
        from leverkit.analysis.charts import people

        return people(self)

    def agreement_chart(self, policy: Policy | None = None) -> Chart:
        """Draw what a tag covers against how often siblings agree on it, with its scope as colour."""
        from leverkit.analysis.charts import agreement

        return agreement(self, policy.scopes if policy else {})

    def spellings_chart(self) -> Chart:
        """Draw the groups of spellings of one tag."""
        from leverkit.analysis.charts import spellings

        return spellings(self)

    def to_json(self, policy: Policy | None = None) -> str:
        """Return summary, readiness with its history, findings and tags as one JSON document; no contacts."""
        frames = {
            name: json.loads(frame.to_json(orient="records", date_format="iso"))
            for name, frame in (
                ("findings", self.findings),
                ("tags", self.tags),
                ("history", history(self.snapshot.path / HISTORY)),
            )
        }
        document = {"summary": self.summary, "readiness": asdict(self.readiness(policy)), **frames}
        return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True)

    def sections(self, policy: Policy | None = None, *, anonymise: bool = False) -> dict[str, Section]:
        """Return the parts of the report by name, each of which draws itself in a notebook."""
        from leverkit.analysis.report import sections

        return sections(self, self._reader(policy, anonymise))

    def to_html(self, path: Path | str, *, policy: Policy | None = None, anonymise: bool = False) -> Path:
        """Write the report: one HTML file, no script, no network, no names; returns its path.

        Contacts link to Lever; with `anonymise` they are short ids that lead to nobody (see `People`).
        """
        from leverkit.analysis.report import render

        replace(Path(path), render(self, self._reader(policy, anonymise)).encode())
        return Path(path)

    def _people(self, anonymise: bool) -> People:
        host = str(self.snapshot.meta.get("base_url_host", ""))
        return People.of(self.snapshot.path, api=host, anonymise=anonymise)

    def _reader(self, policy: Policy | None, anonymise: bool) -> Reader:
        from leverkit.analysis.report import Reader

        states, scopes = history(self.snapshot.path / HISTORY), policy.scopes if policy else {}
        return Reader(self._people(anonymise), scopes, readiness(self, scopes), states)

    def _repr_html_(self) -> str:
        from leverkit.analysis.report import glance

        return glance(self)

    def __repr__(self) -> str:
        return f"<Audit: {self.headline}>"


def audit(snapshot: Snapshot | Path | str) -> Audit:
    """Compute the facts about a snapshot's tags.

    Takes a Snapshot or its folder; raises UsageError where the folder is not a complete snapshot.
    """
    snapshot = snapshot if isinstance(snapshot, Snapshot) else Snapshot.open(snapshot)
    with queries.prepare(snapshot.path) as connection:
        posting_tags.prepare(connection)
        tags = connection.sql(queries.TAGS).df().merge(associations(connection), on="t", how="left")
        numbers = tags["t"].to_numpy()
        tags = posting_tags.judge(tags, connection.sql(posting_tags.EVIDENCE).df())
        contacts = connection.sql(queries.CONTACTS).df()
        rows = connection.sql(queries.INCONSISTENCIES).fetchnumpy()
        sizes = connection.sql(queries.SIZES).df()
        placed = placements(connection, tags)
        totals = connection.sql(queries.TOTALS).df().iloc[0].to_dict()
    inconsistencies = _inconsistencies(rows, contacts, tags.set_index(numbers))
    contacts = contacts.assign(tags_to_decide=_to_decide(rows, contacts, inconsistencies)).drop(columns="c")
    summary = _summary(totals, tags, contacts, snapshot)
    return Audit(
        tags,
        contacts,
        inconsistencies,
        findings(tags, snapshot, totals),
        sizes,
        placed,
        summary,
        snapshot,
    )


def _inconsistencies(rows: Mapping[str, Any], contacts: pd.DataFrame, tags: pd.DataFrame) -> pd.DataFrame:
    """Return the inconsistencies with texts for their numbers: there are millions of rows, and few texts."""
    import pandas as pd

    people = contacts.set_index("c")["contact"]
    patterns = pd.Series(queries.PATTERNS)
    columns = {
        "contact": _taken(people, rows["c"]),
        "tag": _taken(tags["tag"], rows["t"]),
        "have": rows["have"],
        "lack": rows["lack"],
        "pattern": _taken(patterns, rows["pattern"]),
        "posting_tag": _taken(tags["posting_tag"], rows["t"]),
    }
    return pd.DataFrame(columns)


def _taken(values: pd.Series[Any], numbers: Any) -> Any:
    return values.array.take(values.index.get_indexer(numbers))


def _to_decide(
    rows: Mapping[str, Any], contacts: pd.DataFrame, inconsistencies: pd.DataFrame
) -> pd.Series[int]:
    """Return how many inconsistent tags of each contact come from no posting."""
    import pandas as pd

    counts = pd.Series(rows["c"])[~inconsistencies["posting_tag"]].value_counts()
    return contacts["c"].map(counts).fillna(0).astype("int64")


def _summary(
    totals: dict[str, Any], tags: pd.DataFrame, contacts: pd.DataFrame, snapshot: Snapshot
) -> dict[str, Any]:
    to_decide = tags[(tags["missing"] > 0) & ~tags["posting_tag"]]
    return {
        **{name: int(value) for name, value in totals.items()},
        "posting_tags": int(tags["posting_tag"].sum()),
        "posting_taggings": int(tags.loc[tags["posting_tag"], "opportunities"].sum()),
        "tags_to_decide": len(to_decide),
        "missing_not_posting": int(to_decide["missing"].sum()),
        "contacts_to_decide": int((contacts["tags_to_decide"] > 0).sum()),
        "account": snapshot.account,
        "snapshot": snapshot.digest,
        "taken_at": snapshot.taken_at,
        "not_seen": list(snapshot.meta.get("not_seen", [])),
    }
