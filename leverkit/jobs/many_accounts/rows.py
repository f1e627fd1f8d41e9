"""How each of many accounts stands, from its files: one row per account, the worst first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from leverkit.accounts import AccountEntry, AccountsFile
from leverkit.analysis.standing import COPY, TO_DECIDE
from leverkit.errors import UsageError
from leverkit.jobs.changes import changes
from leverkit.jobs.many_accounts.outcomes import CommandOutcome, outcomes, severity
from leverkit.jobs.many_accounts.placeholders import known_folder
from leverkit.jobs.nightly.record import SyncRecord
from leverkit.jobs.notify import OUTCOMES
from leverkit.jobs.overview import Overview
from leverkit.report.text import count

if TYPE_CHECKING:
    from leverkit.snapshot.snapshot import Snapshot

GOOD = (0, 2)  # 2 is 0 with something found
READING = ("pull", "sync")  # commands whose failure means that the account is not known any more
JOBS = (*READING, "apply", "audit", "run", "verify")  # others are a person's, who saw how they ended
# What to do after a command that ended so, in words without names.
AFTER: Mapping[int, str] = {
    64: "Correct the command, or accounts.toml.",
    12: "Check the key and its permissions: leverkit accounts check.",
    6: "Look at verify.json: the account is not as planned.",
    1: "Try again: Lever gave no usable answer, or the command failed.",
    4: "A person decides: another account's key, a changed policy, or nobody approved.",
    5: "Look at the plan; then approve more, or change the policy.",
    3: "Look at exceptions.csv in the run folder.",
    11: "Wait for the other process, then run it again.",
    8: "Nothing: the next run continues.",
    130: "Run it again: it resumes.",
}
UNREAD = "Read it: leverkit accounts run -- pull -o {snapshot}"


class AccountRow(msgspec.Struct, frozen=True, kw_only=True):
    """One account. Numbers are None where nobody has read it yet; `decided` and `ready` are per cent of gaps.

    `splitting` are tags that the last reading found on one opportunity of a person alone, `splits` how often.
    `last_sync` and `last_command` say how the last nightly job and the last command ended: times are
    ISO 8601 in UTC, exit codes those of leverkit, outcomes fixed words. `problem` is why its files cannot
    be read.
    """

    account: str
    id: str = ""
    host: str = ""
    labels: tuple[str, ...] = ()
    read_at: str = ""
    opportunities: int | None = None
    gaps: int | None = None
    to_copy: int | None = None
    to_decide: int | None = None
    decided: float | None = None
    ready: float | None = None
    splits: int | None = None
    splitting: tuple[str, ...] = ()
    last_sync_at: str = ""
    last_sync_code: int | None = None
    last_sync: str = ""
    last_command: str = ""
    last_command_at: str = ""
    last_command_code: int | None = None
    last_outcome: str = ""
    to_do: str = ""
    problem: str = ""

    @property
    def trouble(self) -> int:
        """Return the worst exit code of the last command and the last nightly job; 0 for good ones."""
        codes = (self.last_command_code or 0, self.last_sync_code or 0, 1 if self.problem else 0)
        return min((code for code in codes if code not in GOOD), key=severity, default=0)

    @property
    def _badness(self) -> tuple[object, ...]:
        left = (self.to_decide or 0) + (self.to_copy or 0)
        return severity(self.trouble), self.gaps is not None, -(self.splits or 0), -left, self.account


@dataclass(frozen=True)
class AccountFiles:
    """Where the files of an account are: its workspace, and its folder there, None before it was opened."""

    name: str
    home: Path
    folder: Path | None
    labels: tuple[str, ...] = ()
    policy: Path | None = None


def places(known: AccountsFile | None, home: Path) -> list[AccountFiles]:
    """Return the accounts of accounts.toml, and then those of a workspace that it does not name."""
    named = [_place(entry, entry.home or home) for entry in (known.entries if known else ())]
    there = {place.folder for place in named}
    found = (path.parents[1] for path in sorted(home.glob("*/snapshot/snapshot.json")))
    return named + [AccountFiles("", home, folder) for folder in found if folder not in there]


def rows(found: Iterable[AccountFiles]) -> list[AccountRow]:
    """Return a row for each account, the worst first. One that cannot be read tells why."""
    return sorted(map(_row, found), key=lambda row: row._badness)


def _place(entry: AccountEntry, home: Path) -> AccountFiles:
    return AccountFiles(entry.name, home, known_folder(entry, home), entry.labels, entry.policy_file)


def _row(place: AccountFiles) -> AccountRow:
    facts: dict[str, object] = {"account": place.name, "labels": place.labels, "to_do": UNREAD}
    if place.folder and (place.folder / "snapshot" / "snapshot.json").exists():
        facts |= _unless_damaged(_facts, place)
    facts |= _commands(place)
    row = AccountRow(**facts)  # type: ignore[arg-type]
    to_do = row.to_do if row.problem else AFTER.get(row.trouble, row.to_do)
    return msgspec.structs.replace(row, to_do=to_do)


def _unless_damaged(
    read: Callable[[AccountFiles], dict[str, object]], place: AccountFiles
) -> dict[str, object]:
    try:
        return read(place)
    except Exception as error:  # whatever is wrong with the files of one hides no other
        name = place.name or (place.folder.name if place.folder else "")
        return {
            "account": name,
            "problem": str(error) or type(error).__name__,
            "to_do": "Read it again: its files are damaged.",
        }


def _facts(place: AccountFiles) -> dict[str, object]:
    """Return what the snapshot, the policy, the ledger and sync.json tell of an account."""
    assert place.folder is not None
    found = Overview(place.folder / "snapshot", place.folder, place.policy)
    summary, policy = found.audit.summary, found.policy
    standing, ready = found.audit.standing(policy), found.audit.readiness(policy)
    night = SyncRecord.find(place.folder, str(summary["account"]))
    splits, splitting = _splits(found.audit.snapshot)
    return {
        "account": place.name or str(summary["account_name"] or summary["account"]),
        "id": str(summary["account"]),
        "host": str(summary["host"]),
        "read_at": datetime.fromtimestamp(summary["taken_at"] / 1000, UTC).isoformat(timespec="seconds"),
        "opportunities": int(summary["opportunities"]),
        "gaps": standing.gaps(),
        "to_copy": standing.gaps(COPY),
        "to_decide": standing.gaps(*TO_DECIDE),
        "decided": ready.decided,
        "ready": ready.ready,
        "splits": splits,
        "splitting": splitting,
        "last_sync_at": night.started_at,
        "last_sync_code": night.exit_code,
        "last_sync": _outcome(night),
        "to_do": _to_do(found, len(splitting)),
    }


def _splits(snapshot: Snapshot) -> tuple[int | None, tuple[str, ...]]:
    """Return how often the last reading found a tag split, and which tags; None where no ledger tells."""
    try:
        found = changes(snapshot).tags
    except UsageError:
        return None, ()
    split = found[found["split"] > 0]
    return int(split["split"].sum()), tuple(map(str, split["tag"]))


def _to_do(found: Overview, splitting: int) -> str:
    steps = found.steps_of_policy
    if found.audit.snapshot.is_copy:
        steps = [f"Read it: these figures are {found.audit.snapshot.caveat}.", *steps]
    if splitting:
        steps = [
            f"Change the integration: {count(splitting, 'tag is', 'tags are')} still being split.",
            *steps,
        ]
    return " ".join(steps) or "Nothing."


def _outcome(night: SyncRecord) -> str:
    if not night.account:
        return ""
    return "runs, or was killed" if night.exit_code is None else OUTCOMES.get(night.exit_code, "failed")


def _commands(place: AccountFiles) -> dict[str, object]:
    """Return how the last command ended; where the account could not be read since, that command."""
    noted = outcomes(place.home, place.name) if place.name else {}
    jobs = [noted[name] for name in JOBS if name in noted]
    if not jobs:
        return {}
    reading = [each for each in jobs if each.command in READING]
    last = max(reading or jobs, key=_ended)
    if last.exit_code in GOOD:
        last = max(jobs, key=_ended)
    return {
        "last_command": last.command,
        "last_command_at": last.ended_at,
        "last_command_code": last.exit_code,
        "last_outcome": OUTCOMES.get(last.exit_code, "failed"),
    }


def _ended(noted: CommandOutcome) -> str:
    return noted.ended_at


def named_rows(found: Iterable[AccountRow], name: Callable[[str], str]) -> Iterator[AccountRow]:
    """Yield rows without anything that tells whose account it is; `name` returns what stands for a name."""
    for row in found:
        hidden = {
            "id": "",
            "host": "",
            "labels": (),
            "splitting": (),
            "problem": "damaged" if row.problem else "",
        }
        yield msgspec.structs.replace(row, account=name(row.account), **hidden)
