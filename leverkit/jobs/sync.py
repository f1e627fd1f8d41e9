"""The nightly job: read the account, see what people did, plan, carry out what a person allowed, verify.

It may be killed at any instant. What it wrote is in the run's journal, the run that is not at its end is
named in sync.json, and the next job finishes that first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from leverkit.errors import is_interrupt
from leverkit.jobs.nightly.night import Night
from leverkit.jobs.nightly.order import SyncOrder
from leverkit.jobs.nightly.record import SyncResult
from leverkit.jobs.notify import tell
from leverkit.settings import Settings
from leverkit.verification.verify import REREAD_AFTER

if TYPE_CHECKING:
    from leverkit.api.client import Lever


def sync(
    order: SyncOrder,
    *,
    settings: Settings | None = None,
    lever: Lever | None = None,
    reread_after: Sequence[float] = REREAD_AFTER,
) -> SyncResult:
    """Do the nightly job of the account that the settings name; return how it ended, also where it failed.

    The first one makes the ledger and a plan for a person to read, and writes nothing. Later ones carry out
    what the standing approval covers. Whoever LEVERKIT_NOTIFY names is told.
    """
    settings = settings or Settings.from_environment(person=False)
    night = Night(order, settings, lever, reread_after)
    error: BaseException | None = None
    try:
        night.run()
    except BaseException as raised:
        error = raised
    error = night.end(error)
    untold = tell(settings.notify, night.record.notice(night.out))
    ended = SyncResult(night.record, error, untold)
    if error is not None and (is_interrupt(error) or not isinstance(error, Exception)):
        raise SyncInterrupted(ended, str(error)) from error
    return ended


class SyncInterrupted(KeyboardInterrupt):
    """A nightly job that a signal ended; `ended` is how."""

    def __init__(self, ended: SyncResult, text: str) -> None:
        super().__init__(text)
        self.ended = ended
