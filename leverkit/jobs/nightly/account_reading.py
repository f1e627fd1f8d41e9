"""Read an account for a job: what changed, or everything where counts of tags newly disagree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from leverkit.errors import UsageError
from leverkit.snapshot.pull import pull
from leverkit.snapshot.snapshot import Snapshot

if TYPE_CHECKING:
    from leverkit.api.client import ReadOnlyLever


def read_account(folder: Path, lever: ReadOnlyLever) -> Snapshot:
    """Bring the snapshot in a folder up to date. Raises as `pull`."""
    before = _disagreement(folder)
    snapshot = pull(folder, lever=lever)
    if before is not None and _disagreement(folder) not in ({}, before):
        return pull(folder, lever=lever, full=True)
    return snapshot


def _disagreement(folder: Path) -> dict[str, int] | None:
    """Return by how much a snapshot's count of each tag differs from Lever's; None without a snapshot."""
    try:
        found = Snapshot.open(folder).meta["completeness"]["differences"]
    except UsageError:
        return None
    return {each["tag"]: each["counted"] - each["listed"] for each in found}
