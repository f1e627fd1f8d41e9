"""What verify.json says of a run, as far as the next step and a rollback need it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from leverkit.storage import files

SINCE = "changed since"  # reported of a planned change that the run saw in place, and Lever says is newer


class SeenUndone(msgspec.Struct, frozen=True):
    """A change of the run that a verification did not find in place, and when its reading began (ms)."""

    opportunity: str
    tag: str
    at_ms: int


class VerificationRecord(msgspec.Struct, frozen=True):
    """What verify.json says of a run: how much was verified, when reading began, and what was found.

    `undone` is of all verifications: what was put back since is not the run's any more.
    """

    plan_id: str
    wave: str
    began_ms: int
    exit_code: int
    summary: str
    undone: tuple[SeenUndone, ...] = ()

    @classmethod
    def read(cls, folder: Path) -> VerificationRecord | None:
        """Read the record of a run folder; None where there is none that can be used."""
        try:
            return msgspec.json.decode(files.read(folder / "verify.json"), type=cls)
        except (OSError, msgspec.DecodeError):
            return None
