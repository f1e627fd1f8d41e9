"""The JSON documents of the commands as types, from which docs/schemas is made, and which real ones must fit.

Where the program writes a document from a type of its own, that type is used. Unknown fields are errors here,
so that no field is left out; a schema allows them, as later versions may add some.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from leverkit.doctor.checkup import Check
from leverkit.migration.records import SeenUndone
from leverkit.migration.result import NewOpportunity, OperationResult
from leverkit.planning.plan_document import Kind
from leverkit.verification.verification import STATUSES, Count, PairCheck

Cell = str | int | float | bool | None | list[str]
Milliseconds = Annotated[int, Meta(description="Milliseconds since 1970-01-01, UTC.")]
Outcomes = Annotated[
    dict[str, int],
    Meta(description="Operations by outcome: done, no_op, drifted, gone, failed, unknown, pending."),
]
ExitCode = Annotated[int, Meta(description="The exit code of the command, as the README lists them.")]
Rows = list[dict[str, Cell]]


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A JSON document."""


class Account(Document, frozen=True, kw_only=True):
    """Which account it is: its id, the name that people gave it, its host; `demo`: an emulated one."""

    account: str
    account_name: str
    host: str
    demo: bool


class ResultDocument(Account, frozen=True, kw_only=True):
    """result.json of a run folder, and `leverkit apply --json`: what became of the planned operations."""

    format: Literal[1]
    run: Annotated[str, Meta(description="The run folder.")]
    plan_id: str
    kind: Kind
    state: Annotated[str, Meta(description="How the last session ended; finished: all was tried.")]
    planned: int
    counts: Outcomes
    exit_code: ExitCode
    exceptions: Annotated[list[OperationResult], Meta(description="The operations that are not done.")]
    effective: Annotated[
        list[tuple[int, int]],
        Meta(
            description="First and last number of the operations of plan.json that our requests carried out."
        ),
    ]
    came_later: list[NewOpportunity]
    read_to_write_ms: Annotated[
        dict[str, int],
        Meta(description="Milliseconds from reading a person to writing: p50, p99; the number of writes."),
    ]
    entries: Annotated[int, Meta(description="Entries of the journal that this follows from.")]
    head: Annotated[str, Meta(description="The end of the journal's chain, in hexadecimal digits.")]


class VerifyDocument(Account, frozen=True, kw_only=True):
    """verify.json of a run folder, and `leverkit verify --json`: the account beside the plan."""

    format: Literal[1]
    plan_id: str
    wave: str
    began_ms: Milliseconds
    entries: int
    head: str
    ok: bool
    exit_code: ExitCode
    summary: str
    signs: Annotated[
        dict[str, int],
        Meta(description="Taggings by sign: " + ", ".join(f"{s} {words}" for s, words in STATUSES.items())),
    ]
    other_tags_unchanged: int
    differences: list[PairCheck]
    tag_counts: Annotated[list[Count], Meta(description="Lever's count of each tag beside the prediction.")]
    notes: list[str]
    hint: str
    undone: list[SeenUndone]


class Window(Document, frozen=True):
    """When the reading began and ended."""

    started_at: Milliseconds
    ended_at: Milliseconds


class CountDifference(Document, frozen=True):
    """A tag that Lever lists with another count than its opportunities have."""

    tag: str
    listed: int
    counted: int


class Completeness(Document, frozen=True):
    """Whether the counts of all tags agree with Lever's own, and those that do not."""

    tags_agree: Annotated[bool | None, Meta(description="null: a copy that was read without a key.")]
    differences: list[CountDifference]


class CopyLack(Document, frozen=True, kw_only=True):
    """Something that a copy does not hold: in two words, in a sentence, and how much where that is known."""

    what: str
    text: str
    count: int | None


class CopyFacts(Document, frozen=True, kw_only=True):
    """Which copy a snapshot was read out of, what it lacks, and what was odd in it and put right."""

    shape: str
    of: str
    lacks: list[CopyLack]
    notes: list[str]


class SnapshotDocument(Document, frozen=True, kw_only=True):
    """snapshot.json, and `leverkit pull --json`: what was read, when and how completely."""

    format: int
    account: str
    account_ids: list[str]
    account_name: str
    base_url_host: str
    demo: bool
    window: Window
    complete: bool
    counts: Annotated[dict[str, int], Meta(description="Rows of each table.")]
    columns: Annotated[list[str], Meta(description="Columns of opportunities.parquet.")]
    completeness: Completeness
    left_out: Annotated[Rows, Meta(description="Opportunities that were left out, with the reason.")]
    not_seen: Annotated[list[str], Meta(description="What the key could not see, or Lever did not tell.")]
    files: Annotated[dict[str, str], Meta(description="The SHA-256 of each file.")]
    versions: dict[str, str]
    copy: Annotated[
        CopyFacts | msgspec.UnsetType,
        Meta(description="Only of a snapshot that `pull --from` read out of a warehouse copy."),
    ] = msgspec.UNSET


class AuditSummary(Account, frozen=True, kw_only=True):
    """The account in numbers. A tagging is a pair of a tag and an opportunity that carries it."""

    snapshot: str
    taken_at: Milliseconds
    newest_created_at: Milliseconds
    opportunities: int
    contacts: int
    split_contacts: Annotated[int, Meta(description="Contacts with several opportunities.")]
    inconsistent_contacts: Annotated[int, Meta(description="Of these, those whose opportunities differ.")]
    contacts_to_decide: Annotated[int, Meta(description="Contacts with a gap; tags of postings left out.")]
    tags: int
    taggings: int
    posting_tags: int
    posting_taggings: int
    tags_to_decide: Annotated[int, Meta(description="Tags with gaps; tags of postings left out.")]
    missing: Annotated[int, Meta(description="Gaps of all tags.")]
    missing_not_posting: Annotated[int, Meta(description="Gaps of tags that are not of postings.")]
    opportunities_with_gaps: int
    never_updated: int
    copy: Annotated[str, Meta(description="On which copy the figures rest; empty: they are Lever's own.")]
    not_seen: list[str]


class ReadinessLine(Document, frozen=True, kw_only=True):
    """The readiness at a snapshot: shares in per cent, and numbers of gaps."""

    taken_at: str
    snapshot: str
    decided: float
    consistent: float
    ready: float
    to_decide: int
    to_copy: int


class FindingLine(Document, frozen=True, kw_only=True):
    """A finding, by a code that docs/audit.md explains; `docs` names the paragraph."""

    code: str
    subject: str
    count: int
    evidence: str
    fix: str
    docs: str


class AuditDocument(Document, frozen=True, kw_only=True):
    """`leverkit audit --json`. The columns of `tags` are those of `audit.tags` in docs/audit.md."""

    headline: str
    summary: AuditSummary
    gaps: Annotated[dict[str, int], Meta(description="Gaps by what is to become of them.")]
    readiness: ReadinessLine
    history: Annotated[list[ReadinessLine], Meta(description="One line per audit, the oldest first.")]
    findings: list[FindingLine]
    tags: Rows


class ReadingDocument(Document, frozen=True, kw_only=True):
    """A reading of the account, by its number in the ledger."""

    number: int
    taken_at: Milliseconds
    digest: str
    opportunities: int
    taggings: int


class ChangesDocument(Document, frozen=True, kw_only=True):
    """`leverkit changes --json`: what changed between two readings. Times in rows are ISO 8601, UTC."""

    account: str
    headline: str
    since: ReadingDocument
    until: ReadingDocument
    counted: Annotated[
        list[str] | None,
        Meta(description="The tags of which splits are counted; null: all but those of postings."),
    ]
    tags: Annotated[Rows, Meta(description="By tag: added and removed by whom, split how often, since when.")]
    readings: Annotated[Rows, Meta(description="The readings since, with what each found.")]
    origins: Rows
    postings: Rows
    runs: Annotated[Rows, Meta(description="Our runs, with what each added and removed.")]
    renames: Rows
    contacts: Rows
    splits: Annotated[
        Rows, Meta(description="Tags that others brought to one opportunity of a contact alone.")
    ]
    opportunities: Annotated[Rows, Meta(description="Opportunities that came, went or moved.")]
    taggings: Annotated[Rows, Meta(description="Taggings that are new or gone.")]


class StatusDocument(Account, frozen=True, kw_only=True):
    """`leverkit status --json` of a run folder; of a job's folder it is run.json."""

    plan_id: str
    kind: Kind
    state: str
    planned: int
    counts: Outcomes
    exit_code: ExitCode
    next: Annotated[str, Meta(description="The command that comes next; empty where there is none.")]


class DoctorDocument(Document, frozen=True, kw_only=True):
    """`leverkit doctor --json`: what was checked. `ok` is null for a note."""

    checks: list[Check]
