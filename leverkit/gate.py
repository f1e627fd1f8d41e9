"""Whether a larger wave may begin: only where the smaller one before it was verified since it wrote.

Believes the files of the run folder, verify.json among them; an edited one opens the gate, as
does a person who does not want it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from leverkit.errors import Partial, Refused
from leverkit.journal import Answer, Entry, fold
from leverkit.planning.plan import Plan
from leverkit.planning.waves import largest, numbers


def check_gate(plan: Plan, run: Path, entries: Sequence[Entry], wave: str) -> None:
    """Raise Refused where a smaller wave was begun and is not verified, or not well."""
    earlier = fold(entries).waves
    smaller = [name for name in earlier if numbers(plan, name) < numbers(plan, wave)]
    # A wave that was begun has passed this gate: what it wrote before a kill must not keep it from resuming.
    begun = any(numbers(plan, name) >= numbers(plan, wave) for name in earlier)
    if begun or not smaller:
        return
    last = largest(plan, smaller)
    trouble = unverified(plan, run, entries, last)
    if trouble:
        advice = f"run `leverkit verify {run} --wave {last}`"
        raise Refused(f"wave {wave} waits for wave {last}, which {trouble}: {advice}; nothing was written")


def unverified(plan: Plan, run: Path, entries: Sequence[Entry], wave: str) -> str:
    """Return what is wrong with the verification of a wave; empty where nothing is."""
    try:
        found: dict[str, Any] = msgspec.json.decode((run / "verify.json").read_bytes())
        if found["plan_id"] != plan.plan_id or not numbers(plan, found["wave"]) >= numbers(plan, wave):
            return "was not verified"
        if found["began_ms"] <= last_write(entries):
            return "was not verified since it last wrote"
        return "" if found["exit_code"] in (0, Partial.exit_code) else f"is {found['summary']}"
    except (OSError, msgspec.DecodeError, KeyError, TypeError):
        return "was not verified"


def last_write(entries: Iterable[Entry]) -> int:
    """Return when Lever last answered a write of the run, in ms since the epoch; 0 where it never did."""
    return max((entry.at_ms for entry in entries if isinstance(entry.body, Answer)), default=0)
