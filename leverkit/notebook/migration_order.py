"""What notebook 30 is asked for beside its mode: brakes, part of the plan, wave, time, folder of the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from leverkit.errors import Refused, UsageError
from leverkit.planning.brakes import GROWTH, OFF, UNLIMITED, Brakes
from leverkit.planning.plan import Plan
from leverkit.planning.waves import ALL
from leverkit.policy.policy import Policy
from leverkit.report.text import count


@dataclass(frozen=True, kw_only=True)
class MigrationOrder:
    """The order; `run_folder` is empty for a folder in the workspace, `max_duration` is seconds, -1 no limit.

    `only_tags` holds one tag on each line; empty for all contact tags. `matching` is as in `plan`.
    """

    brakes: Brakes = OFF
    run_folder: str = ""
    only_tags: str = ""
    matching: str = ""
    wave: str = ALL
    max_duration: float = UNLIMITED

    def __post_init__(self) -> None:
        """Raise UsageError for a time that is no time."""
        if self.max_duration != UNLIMITED and not self.max_duration >= 1:
            raise UsageError(
                f"max_duration must be -1 (no limit) or at least 1 second, not {self.max_duration:g}"
            )

    @classmethod
    def of(
        cls,
        *,
        max_ops: int | None = None,
        max_pct: float | None = 30.0,
        max_tag_pct: float | None = GROWTH,
        max_removals: int | None = 0,
        **options: Any,
    ) -> MigrationOrder:
        """Return the order with these brakes (-1 is no limit, 0 allows none) and options."""
        brakes = Brakes(max_ops=max_ops, max_pct=max_pct, max_tag_pct=max_tag_pct, max_removals=max_removals)
        return cls(brakes=brakes, **options)

    def within(self, limits: Mapping[str, float]) -> MigrationOrder:
        """Return the order with its brakes narrowed to limits of the account."""
        return replace(self, brakes=self.brakes.within(limits))

    @property
    def tags(self) -> tuple[str, ...]:
        """Return the tags to plan alone."""
        return tuple(line for line in self.only_tags.splitlines() if line.strip())

    @property
    def folder(self) -> Path | None:
        """Return the folder that was named for the run."""
        return Path(self.run_folder).expanduser().absolute() if self.run_folder else None

    @property
    def max_seconds(self) -> float | None:
        """Return the time limit in seconds; None without one."""
        return None if self.max_duration == UNLIMITED else self.max_duration

    def require_policy(self, made: Plan, policy: Policy) -> None:
        """Raise Refused where people changed the policy after the plan was made."""
        if policy.source and policy.narrowed(self.matching).digest != made.policy_digest:
            raise Refused(
                f"{Path(policy.source).name} was changed after plan {made.short} was made, or matching is "
                "another, and nothing was written to Lever. Run this notebook with mode = plan: it plans "
                "what is left by what is decided now"
            )


NOTHING_ASKED = MigrationOrder()


def why_empty(made: Plan, policy_file: Path) -> str:
    """Return why a plan is empty: nobody decided, or there is nothing to do."""
    scopes = list(Policy.at(policy_file).scopes.values()) if made.kind == "migrate" else ["contact"]
    if "contact" not in scopes:
        return (
            f"The plan is empty because no tag has the scope contact in {policy_file}. Decide there "
            "(20_policy), or name the file with the decisions in policy_file."
        )
    left = (
        f" {count(len(made.skipped), 'gap')} left out: skipped.csv has the reasons." if made.skipped else ""
    )
    undecided = count(len(made.undecided), "tag is", "tags are")
    waiting = f" {undecided} undecided in {policy_file}." if made.undecided else ""
    return f"Nothing to do for this plan.{left}{waiting}"
