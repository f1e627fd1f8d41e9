"""What the standing approval allows one night: all that the job carries out counts together."""

from __future__ import annotations

from collections import Counter

import msgspec

from leverkit.errors import BrakeTripped, Refused
from leverkit.jobs.approval import Approval, approve_command, require_approved
from leverkit.jobs.nightly.order import SyncOrder
from leverkit.migration.run import Run
from leverkit.planning.brakes import Brakes, Size

ALLOWED = Brakes(max_ops=200)  # what a first approval may begin with
NOTHING = Size(operations=0, removals=0, touched=0, account=0)


class Allowance:
    """The standing approval in one night, None where there is none, and how much of it was used."""

    def __init__(self, approval: Approval | None, order: SyncOrder) -> None:
        self.approval, self._order = approval, order
        self._tonight = NOTHING

    @property
    def brakes(self) -> Brakes:
        """Return the brakes of a night's plan."""
        return self.approval.brakes if self.approval else Brakes()

    def command(self, run: Run | None = None) -> str:
        """Return the command that approves what was approved so far, and a run that is still to be done."""
        size = still_to_do(run).plus(self._tonight) if run else NOTHING
        brakes = self.approval.brakes if self.approval else ALLOWED
        return approve_command(self._order.policy, self._order.matching, brakes, size)

    def take(self, run: Run) -> Approval:
        """Return the approval that covers a run and what was carried out tonight.

        Raises Refused, and BrakeTripped where the two are more than is allowed.
        """
        size, command = still_to_do(run).plus(self._tonight), self.command(run)
        approval = require_approved(self.approval, run.plan.policy_digest, command)
        if tripped := approval.brakes.tripped(size):
            where, before = run.folder / "plan.csv", self._tonight.operations
            of_them = f"{before} of them finished a run that was left; else " if before else ""
            raise BrakeTripped(
                f"{tripped}; {of_them}nothing was written. Look at {where}; to allow it: {command}"
            )
        self._tonight = size
        return approval

    def warning(self, policy_digest: str) -> str:
        """Return why the next change would stop the job; empty where this policy is approved."""
        try:
            require_approved(self.approval, policy_digest, self.command())
        except Refused as error:
            return str(error)
        return ""


def still_to_do(run: Run) -> Size:
    """Return how much of a run may still be written: all of one that was not begun."""
    operations, state = run.plan.operations, run.state
    left = [op for number, op in enumerate(operations) if not state.is_settled(number)]
    tags = Counter(op.tag for op in left)
    return msgspec.structs.replace(
        run.plan.size,
        operations=len(left),
        removals=sum(op.action == "remove" for op in left),
        touched=len({op.opportunity for op in left}),
        tags=tuple(spread.of(tags[spread.tag]) for spread in run.plan.size.tags),
    )
