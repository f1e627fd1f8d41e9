"""The standing approval of an account, and who approved what and when by the runs themselves.

A standing approval is what a person allowed in advance for a nightly job. It is approval.json in an account's
folder: of which policy, by whom, when, until when, and up to which size.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from leverkit.errors import LeverkitError, Refused, UsageError
from leverkit.history.ledger import Ledger
from leverkit.jobs.ledger import last_reading
from leverkit.jobs.packing import opened_run
from leverkit.migration.journal import SessionStarted
from leverkit.migration.run import Run
from leverkit.planning.brakes import Brakes, Size, is_unlimited
from leverkit.planning.plan_document import Kind
from leverkit.planning.run_folder import PACKED, was_begun
from leverkit.policy.policy import Policy
from leverkit.report.text import count
from leverkit.storage import files

NAME = "approval.json"
DAYS = 90
TAGS = 3  # that a line for people names


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """A standing approval: of one policy, with brakes, until a time (ISO 8601, UTC).

    `reading` is the number of the ledger's last reading at that time; 0 where there was none.
    """

    format: int = 1
    account: str
    policy_digest: str
    contact_tags: int
    matching: str = ""
    brakes: Brakes
    approved_by: str
    approved_at: str
    until: str
    reading: int = 0

    def write(self, folder: Path) -> None:
        """Write approval.json into a folder, in one step."""
        files.write_json(folder / NAME, self)

    @classmethod
    def find(cls, account_folder: Path) -> Approval | None:
        """Read the approval of an account; None where there is none.

        Raises Refused where it is damaged, another account's, or without a limit.
        """
        try:
            found = msgspec.json.decode(files.read(account_folder / NAME), type=cls)
            if datetime.fromisoformat(found.until).tzinfo is None:
                raise ValueError(f"until {found.until} has no time zone")
            if is_unlimited(found.brakes.max_ops):
                raise ValueError("max_ops has no limit")
            if found.account != account_folder.name:
                raise ValueError(f"it is of account {found.account}")
        except FileNotFoundError:
            return None
        except (OSError, ValueError, msgspec.MsgspecError, UsageError) as error:
            file = account_folder / NAME
            raise Refused(f"{file}: the approval cannot be read: {error}; approve again") from None
        return found

    @property
    def summary(self) -> str:
        """Return what is allowed, in one line."""
        tags, changes = count(self.contact_tags, "contact tag"), count(self.brakes.max_ops or 0, "change")
        return (
            f"{self.approved_by} allows up to {changes} per night for {tags} of policy "
            f"{self.policy_digest[:12]}, until {self.until[:10]}"
        )


def approve(
    folder: Path,
    policy: Policy,
    *,
    brakes: Brakes,
    by: str,
    days: int = DAYS,
    matching: str = "",
) -> Approval:
    """Write the standing approval of the account in a folder, which is named by its id, and return it.

    Raises UsageError where the number of changes has no limit.
    """
    if is_unlimited(brakes.max_ops):
        raise UsageError("--max-ops is needed: the number of changes per night that need no review")
    now = datetime.now(UTC)
    approval = Approval(
        account=folder.name,
        policy_digest=policy.narrowed(matching).digest,
        contact_tags=list(policy.scopes.values()).count("contact"),
        matching=matching,
        brakes=brakes,
        approved_by=by,
        approved_at=now.isoformat(timespec="seconds"),
        until=(now + timedelta(days=days)).isoformat(timespec="seconds"),
        reading=last_reading(folder),
    )
    approval.write(folder)
    return approval


def require_approved(approval: Approval | None, policy_digest: str, command: str) -> Approval:
    """Return the approval if it is of this policy and in force. Raises Refused with the command."""
    if approval is None:
        raise Refused(
            "nobody has approved this policy for the nightly job; nothing was written. "
            f"To approve it: {command}"
        )
    if approval.policy_digest != policy_digest:
        when = f"{approval.approved_by} on {approval.approved_at[:10]}"
        raise Refused(
            f"the policy is another one than {when} approved; nothing was written. Approve it: {command}"
        )
    if datetime.fromisoformat(approval.until) < datetime.now(UTC):
        raise Refused(
            f"the approval ended on {approval.until[:10]}; nothing was written. Renew it: {command}"
        )
    return approval


def approve_command(policy_file: Path, matching: str, brakes: Brakes, size: Size) -> str:
    """Return the command that approves what was approved so far, and a plan of this size."""
    raised = brakes.raised(size)
    if is_unlimited(raised.max_ops):
        raised = msgspec.structs.replace(raised, max_ops=size.operations)
    which = f" --matching {shlex.quote(matching)}" if matching else ""
    policy = shlex.quote(str(policy_file))
    return f"leverkit sync approve --policy {policy}{which} {raised.options(Brakes())}"


class ApprovedSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session of a run: when it began (ISO 8601, UTC), who approved it, and what it was allowed to do.

    `approved_at` is when a standing approval was given; empty where a person approved just this plan.
    """

    at: str
    by: str
    approved_at: str = ""
    plan_id: str
    kind: Kind
    wave: str
    operations: int
    tags: tuple[str, ...]
    run: str

    @property
    def line(self) -> str:
        """Return it in one line."""
        names = ", ".join(self.tags[:TAGS]) + f" and {len(self.tags) - TAGS} more" * (len(self.tags) > TAGS)
        standing = f" (standing, of {self.approved_at[:10]})" if self.approved_at else ""
        what = f"{self.kind} {self.plan_id[:12]}, wave {self.wave}, {count(self.operations, 'operation')}"
        return f"{self.at}  {self.by}{standing}  {what}: {names}  {self.run}"


class Approvals(msgspec.Struct, frozen=True):
    """The approved sessions, oldest first, and the runs that cannot be read, with the reason."""

    sessions: tuple[ApprovedSession, ...]
    unreadable: tuple[str, ...]


def approvals(folder: Path) -> Approvals:
    """Read the sessions of a run, or of all runs below a folder and in the ledgers there, packed ones too."""
    sessions: list[ApprovedSession] = []
    unreadable: list[str] = []
    for run in _runs(folder, unreadable):
        try:
            sessions += _sessions(run)
        except LeverkitError as error:
            unreadable.append(f"{run}: {error}")
    return Approvals(tuple(sorted(sessions, key=lambda session: session.at)), tuple(unreadable))


def _runs(folder: Path, unreadable: list[str]) -> list[Path]:
    """Return the folders of runs, also where they are packed."""
    found = {path.parent.resolve(): path.parent for path in folder.rglob("plan.json")}
    for archive in folder.rglob(f"*/runs/*{PACKED}"):
        place = archive.with_name(archive.name.removesuffix(PACKED))
        found.setdefault(place.resolve(), place)
    for file in folder.rglob("ledger/ledger.sqlite"):
        try:
            with Ledger.open(file.parents[1]) as ledger:
                begun = [Path(run.folder) for run in ledger.runs() if run.entries]
        except LeverkitError as error:
            unreadable.append(str(error))
        else:
            found |= {place: place for place in begun if place not in found}
    return sorted(found.values())


def _sessions(folder: Path) -> list[ApprovedSession]:
    """Return the sessions of a run; none where it was not begun."""
    if folder.is_dir() and not was_begun(folder):
        return []
    with opened_run(folder) as run:
        return list(_sessions_of(run, folder))


def _sessions_of(run: Run, folder: Path) -> Iterator[ApprovedSession]:
    for entry in run.entries:
        if isinstance(entry.body, SessionStarted):
            standing = entry.body.standing or None
            ops = [run.plan.operations[number] for number in run.wave(entry.body.wave).positions]
            yield ApprovedSession(
                at=datetime.fromtimestamp(entry.at_ms / 1000, UTC).isoformat(timespec="seconds"),
                by=standing.by if standing else entry.body.by,
                approved_at=standing.at if standing else "",
                plan_id=run.plan.plan_id,
                kind=run.plan.kind,
                wave=entry.body.wave,
                operations=len(ops),
                tags=tuple(sorted({op.tag for op in ops})),
                run=str(folder),
            )
