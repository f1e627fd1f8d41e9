"""The findings of an audit, with stable codes: evidence, count and what to do.

docs/audit.md has a paragraph about each code; a code never changes its meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from leverkit.analysis.spelling import grouped
from leverkit.report.text import count

if TYPE_CHECKING:
    import pandas as pd

    from leverkit.snapshot.snapshot import Snapshot


CODES = {
    "LK101": "tag missing on siblings",
    "LK102": "tag only on archived siblings",
    "LK111": "near-duplicate tags",
    "LK121": "opportunities that the key cannot see",
    "LK131": "updatedAt is null",
    "LK201": "tags that nobody decided on (policy check)",
}
DOCS = "docs/audit.md#"


@dataclass(frozen=True)
class Finding:
    """A row of `Audit.findings`; `evidence` names what `count` counts."""

    code: str
    subject: str
    count: int
    evidence: str
    fix: str

    @property
    def docs(self) -> str:
        """Return the paragraph about the code, as a path in the repository."""
        return DOCS + self.code.lower()


def findings(
    tags: pd.DataFrame, spellings: pd.DataFrame, snapshot: Snapshot, totals: Mapping[str, Any]
) -> pd.DataFrame:
    """Return the findings as a frame, in the order of their codes, the largest first."""
    import pandas as pd

    rows = [
        *_missing(to_decide(tags)),
        *_archived(tags),
        *_duplicates(spellings),
        *_unseen(snapshot),
        *_null_updates(totals),
    ]
    rows.sort(key=lambda finding: (finding.code, -finding.count, finding.subject))
    frame = pd.DataFrame(rows, columns=[field.name for field in fields(Finding)])
    return frame.assign(docs=[finding.docs for finding in rows])


def _missing(undecided: pd.DataFrame) -> Iterable[Finding]:
    for row in _records(undecided):
        yield Finding(
            "LK101",
            row["tag"],
            row["inconsistent_contacts"],
            f"{row['inconsistent_contacts']:,} of {count(row['split_contacts'], 'person', 'people')} with it "
            f"and several opportunities {'lacks' if row['inconsistent_contacts'] == 1 else 'lack'} it on "
            f"{count(row['missing'], 'opportunity', 'opportunities')}",
            "decide its scope in policy.csv: contact copies it, opportunity leaves it",
        )


def _archived(tags: pd.DataFrame) -> Iterable[Finding]:
    for row in _records(tags[(tags["only_archived"] > 0) & ~tags["posting_tag"]]):
        yield Finding(
            "LK102",
            row["tag"],
            row["only_archived"],
            f"{count(row['only_archived'], 'person', 'people')} with an active opportunity: the tag is only "
            "on archived ones",
            "as LK101; recruiters who look at the active opportunity do not see the tag",
        )


def to_decide(tags: pd.DataFrame) -> pd.DataFrame:
    """Return the tags that need a decision: missing somewhere, and not a posting tag."""
    rows = tags[(tags["missing"] > 0) & ~tags["posting_tag"]]
    return rows.sort_values(["missing", "tag"], ascending=[False, True])


def duplicates(spellings: pd.DataFrame) -> list[list[tuple[str, int]]]:
    """Return the groups of several spellings of one tag with how often each is used, the most used first.

    Groups are ordered by how many opportunities carry another spelling than the first.
    """
    groups = [group for group in grouped(spellings) if len(group) > 1]
    return sorted(groups, key=lambda group: (-sum(used for _, used in group[1:]), group[0]))


def _duplicates(spellings: pd.DataFrame) -> Iterable[Finding]:
    for (right, most), *others in duplicates(spellings):
        spelt = ", ".join(f"{tag!r} ({used:,})" for tag, used in [(right, most), *others])
        yield Finding(
            "LK111",
            right,
            sum(used for _, used in others),
            f"{len(others) + 1} spellings, by opportunities: {spelt}",
            f"merge them in Lever (Settings, Sources and tags), most use {right!r}; a plan copies the others "
            "only where their own row of policy.csv was decided by itself",
        )


def _unseen(snapshot: Snapshot) -> Iterable[Finding]:
    fix = (
        "pull from Lever with a key, or complete the copy: docs/copies.md"
        if snapshot.is_copy
        else "pull again with a key that has this permission; ask Lever about what lacks a contact or a time"
    )
    for gap in snapshot.meta.get("not_seen", []):
        yield Finding(
            "LK121",
            str(gap),
            1,
            f"the snapshot does not hold {gap}",
            fix,
        )


def _null_updates(totals: Mapping[str, Any]) -> Iterable[Finding]:
    if number := int(totals["never_updated"]):
        yield Finding(
            "LK131",
            "updatedAt",
            number,
            f"{number:,} of {count(int(totals['opportunities']), 'opportunity', 'opportunities')} without "
            "updatedAt",
            "never look for changes by updated_at_start alone; a pull here reads them by creation",
        )


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
