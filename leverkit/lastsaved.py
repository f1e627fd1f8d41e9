"""What was last decided through leverkit in a policy file, kept beside it in a hidden file.

A spreadsheet takes no lock: it may save rows that it read before others decided. By what is kept here that
is noticed and told, whoever looks next. The note stays until somebody decides on the tag again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from leverkit.decision import Decision, moment
from leverkit.storage import files

Kept = dict[str, tuple[str, str, str]]


@dataclass(frozen=True)
class Lost:
    """A decision on a tag that is no longer in the file, and the scope that stands there instead."""

    tag: str
    scope: str
    by: str
    at: str
    stands: str

    def __str__(self) -> str:
        return (
            f"tag {self.tag!r} was decided {self.scope} by {self.by or 'somebody'} ({self.at or 'no date'}), "
            f"and the file says {self.stands}: a program that had the file open saved an older version. "
            "Decide on it again; to keep it as it is, write your name into decided_by"
        )


def keep(path: Path, before: Iterable[Decision], after: Iterable[Decision]) -> None:
    """Note what a policy file that was just written decides; `before` is what it held.

    What was lost before stays noted, unless this was the writing that decides on it again.
    """
    before, after = tuple(before), tuple(after)
    said = {row.tag: row.said for row in before}
    untouched = {row.tag for row in after if said.get(row.tag) == row.said}
    kept = {row.tag: row.said for row in after if row.spoken}
    kept |= {each.tag: (each.scope, each.by, each.at) for each in lost(path, before) if each.tag in untouched}
    files.replace(_beside(path), msgspec.json.encode(kept, order="deterministic"))


def lost(path: Path, decisions: Iterable[Decision]) -> list[Lost]:
    """Return the decisions that were written through leverkit and that an older version has replaced."""
    kept = _kept(path)
    return [
        Lost(row.tag, *kept[row.tag], stands=row.scope)
        for row in decisions
        if row.tag in kept and _is_older(row, kept[row.tag])
    ]


def _is_older(row: Decision, kept: tuple[str, str, str]) -> bool:
    scope, _, at = kept
    if row.scope == scope or (not row.decided_at and row.spoken):
        return False
    return not row.spoken or moment(row.decided_at) < moment(at)


def _kept(path: Path) -> Kept:
    try:
        return msgspec.json.decode(_beside(path).read_bytes(), type=Kept)
    except (OSError, msgspec.MsgspecError):
        return {}


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.last")
