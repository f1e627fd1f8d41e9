"""What verify.json says of a run, as far as the next step and a rollback need it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from leverkit.storage import files

SINCE = "changed since"  # reported of a planned change that the run saw in place, and Lever says is newer


class Difference(msgspec.Struct, frozen=True):
    """A pair of opportunity and tag that is not as planned, and what the run reported of it."""

    opportunity: str
    tag: str
    reported: str = ""


class VerificationRecord(msgspec.Struct, frozen=True):
    """What verify.json says of a run: how much was verified, when reading began, and what was found."""

    plan_id: str
    wave: str
    began_ms: int
    exit_code: int
    summary: str
    differences: tuple[Difference, ...] = ()

    @classmethod
    def read(cls, folder: Path) -> VerificationRecord | None:
        """Read the record of a run folder; None where there is none that can be used."""
        try:
            return msgspec.json.decode(files.read(folder / "verify.json"), type=cls)
        except (OSError, msgspec.DecodeError):
            return None
