"""The standing approval of an account: what a person allowed in advance for a nightly job.

It is approval.json in the account's folder: of which policy, by whom, when, until when, and up to which size.
"""

from __future__ import annotations

import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from leverkit.errors import Refused, UsageError
from leverkit.jobs.ledger import last_reading
from leverkit.planning.brakes import Brakes, Size
from leverkit.policy.policy import Policy
from leverkit.report.text import count
from leverkit.storage import files

NAME = "approval.json"
DAYS = 90


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
        files.write_atomic(folder / NAME, msgspec.json.format(msgspec.json.encode(self)) + b"\n")

    @classmethod
    def find(cls, folder: Path) -> Approval | None:
        """Read the approval in a folder; None where there is none. Raises Refused where it is damaged."""
        try:
            return msgspec.json.decode(files.read(folder / NAME), type=cls)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            raise Refused(f"{folder / NAME}: no approval that can be read: {error}; approve again") from None

    @property
    def summary(self) -> str:
        """Return what is allowed, in one line."""
        tags = count(self.contact_tags, "contact tag")
        return (
            f"{self.approved_by} allows up to {self.brakes.max_ops} changes a night for {tags} of policy "
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
    if brakes.max_ops is None:
        raise UsageError("--max-ops is needed: how many changes a night nobody has to read")
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
            f"nobody approved this policy for a nightly job; nothing was written. Approve: {command}"
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
    if raised.max_ops is None:
        raised = msgspec.structs.replace(raised, max_ops=size.operations)
    which = f" --matching {shlex.quote(matching)}" if matching else ""
    policy = shlex.quote(str(policy_file))
    return f"leverkit sync approve --policy {policy}{which} {raised.options(Brakes())}"
