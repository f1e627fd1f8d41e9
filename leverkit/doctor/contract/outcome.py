"""What the contract check found out about one question."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Verdict = Literal["confirmed", "refuted", "not tried"]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on a question, by its key in the table, and what was found, in words without a person.

    `switches` are those of the emulator with which it behaves as the account did. `exchanges` are the numbers
    of those that show it.
    """

    key: str
    verdict: Verdict
    found: str
    switches: dict[str, Any] = {}
    exchanges: tuple[int, ...] = ()


def confirmed(key: str, found: str) -> Outcome:
    """Return that the account does as we believe."""
    return Outcome(key=key, verdict="confirmed", found=found)


def refuted(key: str, found: str, **switches: Any) -> Outcome:
    """Return that the account does something else, and the switches with which the emulator does so too."""
    return Outcome(key=key, verdict="refuted", found=found, switches=switches)


def not_tried(key: str, why: str) -> Outcome:
    """Return that the account could not tell."""
    return Outcome(key=key, verdict="not tried", found=why)


def judged(key: str, right: bool, found: str, **switches: Any) -> Outcome:
    """Return `confirmed` if the account does as we believe, else `refuted`."""
    return confirmed(key, found) if right else refuted(key, found, **switches)
