"""A plan as a value and as files: plan.csv for people; plan.json, before.json, holders.json beside it.

The plan id is a sha256 over the operations and what they rest on; a person approves exactly that.
plan.json carries a seal over the rest, so that an edit of any of these files is noticed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from leverkit.errors import Refused, UsageError
from leverkit.planning.brakes import Brakes, Size, spreads
from leverkit.planning.canary import Canary
from leverkit.planning.operation import (
    Known,
    Operation,
    Skipped,
    left_out,
    read_csv,
    requests,
    write_csv,
    write_skipped,
)
from leverkit.policy.decision import Undecided
from leverkit.report.anonymisation import People
from leverkit.report.html import Html, bullets, table
from leverkit.report.text import count
from leverkit.storage import files
from leverkit.storage.files import digest

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 1
SHORT = 12
LEAST = 8  # hex digits of a plan id that an approval must give
Kind = Literal["migrate", "rollback", "propagate"]


class _Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """What plan.json holds beside the operations."""

    format: int = FORMAT
    plan_id: str
    kind: Kind
    account: str
    host: str
    policy_digest: str
    snapshot_digest: str
    taken_at: int
    counts: dict[str, int]
    requests: int
    minutes: float
    opportunities: int
    tag_counts: dict[str, int]
    undecided: tuple[Undecided, ...]
    skipped: tuple[Skipped, ...]
    warnings: tuple[str, ...]
    brakes: Brakes
    canary: Canary = Canary()
    before_digest: str
    holders_digest: str = digest({})


class Plan(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Operations, what they rest on, and what the account should look like afterwards.

    `before` holds every opportunity of the plan's contacts; `tag_counts` is what `GET /tags` should
    say afterwards for the tags concerned; `holders` the other opportunities that have these tags;
    `opportunities` is the size of the account, 0 if not known.
    """

    kind: Kind
    account: str
    operations: tuple[Operation, ...] = ()
    host: str = ""
    policy_digest: str = ""
    snapshot_digest: str = ""
    taken_at: int = 0
    opportunities: int = 0
    before: dict[str, Known] = {}
    tag_counts: dict[str, int] = {}
    undecided: tuple[Undecided, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    warnings: tuple[str, ...] = ()
    brakes: Brakes = Brakes()
    canary: Canary = Canary()
    holders: dict[str, tuple[str, ...]] = {}

    @cached_property
    def plan_id(self) -> str:
        """Return the id that a person approves: 64 hex digits; the first 12 are shown."""
        rows = [(op.contact, op.opportunity, op.action, op.tag, op.reason) for op in self.operations]
        bound = (FORMAT, self.kind, self.account, self.policy_digest, self.snapshot_digest)
        return digest({"bound": bound, "rows": rows})

    @property
    def short(self) -> str:
        """Return the first 12 hex digits of the plan id."""
        return self.plan_id[:SHORT]

    @cached_property
    def siblings(self) -> Mapping[str, int]:
        """Return the number of opportunities of each of the plan's contacts."""
        return Counter(known.contact for known in self.before.values())

    @property
    def counts(self) -> dict[str, int]:
        """Return how much the plan would change."""
        ops = self.operations
        adds = sum(op.action == "add" for op in ops)
        return {
            "operations": len(ops),
            "adds": adds,
            "removes": len(ops) - adds,
            "tags": len({op.tag for op in ops}),
            "opportunities": len({op.opportunity for op in ops}),
            "contacts": len({op.contact for op in ops}),
            "skipped": len(self.skipped),
            "undecided": len(self.undecided),
        }

    @cached_property
    def requests(self) -> int:
        """Return the number of requests that carrying it out takes."""
        return requests(self.operations, self.siblings)

    @property
    def minutes(self) -> float:
        """Return the minutes that carrying it out takes at 10 requests a second."""
        return math.ceil(self.requests / 60) / 10

    @property
    def size(self) -> Size:
        """Return what brakes look at."""
        ops, removals, touched = (self.counts[name] for name in ("operations", "removes", "opportunities"))
        tags = spreads(self.operations, self.tag_counts)
        return Size(operations=ops, removals=removals, touched=touched, account=self.opportunities, tags=tags)

    def check_brakes(self, **limits: float | None) -> None:
        """Raise BrakeTripped where the plan is larger than its brakes, or those given here, allow."""
        self.brakes.override(**limits).check(self.size)

    def check_approval(self, approve: str) -> None:
        """Raise Refused unless `approve` is the plan id or at least its first 8 hex digits."""
        given = approve.strip().lower()
        if not given:
            raise Refused(f"not approved: {self.summary}. To carry out just this, approve plan {self.short}")
        if len(given) < LEAST or not self.plan_id.startswith(given):
            raise Refused(
                f"approval {given[:SHORT]!r} is not for this plan, {self.short}; nothing was written. "
                "The id to approve is what `plan` or `rollback` printed"
            )

    @property
    def summary(self) -> str:
        """Return the plan in one line."""
        size, left = self.counts, left_out(self.skipped)
        left += f", {count(size['undecided'], 'tag')} undecided" if self.kind == "migrate" else ""
        if not self.operations:
            return f"nothing to do ({left})"
        change = f"{size['adds']:,} to add, {size['removes']:,} to remove"
        where = count(size["opportunities"], "opportunity", "opportunities")
        who, cost = count(size["contacts"], "contact"), count(self.requests, "request")
        return f"{change} on {where} of {who}, {left}; {cost}, about {self.minutes} min"

    def write(self, run: Path | str) -> None:
        """Write the files of the plan into a run folder, plan.json last.

        Raises Refused where the folder already holds another plan that was begun.
        """
        run = Path(run)
        if (run / "journal.sqlite").exists() and Plan.read(run).plan_id != self.plan_id:
            raise Refused(f"{run} holds another plan that was begun; choose another folder")
        write_csv(run / "plan.csv", self.operations)
        write_skipped(run / "skipped.csv", self.skipped)
        for name in ("before", "holders"):
            content = msgspec.json.encode(getattr(self, name), order="deterministic")
            files.replace(run / f"{name}.json", content)
        document = msgspec.to_builtins(self._sealed())
        document["seal"] = digest(document)
        files.replace(run / "plan.json", msgspec.json.format(msgspec.json.encode(document)) + b"\n")

    @classmethod
    def read(cls, run: Path | str) -> Plan:
        """Read a plan back. Raises UsageError where there is none, Refused where a file of it was edited."""
        run = Path(run)
        if not (run / "plan.json").is_file():
            raise UsageError(f"{run}: no plan.json here; `leverkit plan` makes one")
        sealed = _open(run / "plan.json")
        before = _part(run / "before.json", dict[str, Known], sealed.before_digest)
        holders = _part(run / "holders.json", dict[str, tuple[str, ...]], sealed.holders_digest)
        plan = cls(operations=read_csv(run / "plan.csv"), before=before, holders=holders, **_shared(sealed))
        if plan.plan_id != sealed.plan_id:
            raise Refused(f"{run / 'plan.csv'}: {_EDITED}; what it does is changed in the policy")
        return plan

    @property
    def frame(self) -> pd.DataFrame:
        """Return one row an operation: contact, opportunity, action, tag, reason."""
        import pandas as pd

        return pd.DataFrame(map(msgspec.structs.asdict, self.operations), columns=Operation.__struct_fields__)

    def _sealed(self) -> _Sealed:
        return _Sealed(
            plan_id=self.plan_id,
            counts=self.counts,
            requests=self.requests,
            minutes=self.minutes,
            before_digest=digest(self.before),
            holders_digest=digest(self.holders),
            **_shared(self),
        )

    def __repr__(self) -> str:
        return f"<Plan {self.short}: {self.summary}>"

    def html(self, people: People) -> str:
        """Return the plan as markup, with people named so."""
        head = Html("<p><strong>Plan {}</strong> ({}): {}</p>").format(self.short, self.kind, self.summary)
        head += bullets(self.warnings)
        if not self.operations:
            return head
        return head + table(**people.named(self.frame, 15), caption="First operations; plan.csv holds all")

    def _repr_html_(self) -> str:
        return self.html(People())


_SHARED = tuple(name for name in _Sealed.__struct_fields__ if name in Plan.__struct_fields__)
_EDITED = "edited after the plan was made; make the plan again"


def _shared(of: Plan | _Sealed) -> dict[str, Any]:
    return {name: getattr(of, name) for name in _SHARED}


def _decode(path: Path, type_: Any) -> Any:
    try:
        return msgspec.json.decode(path.read_bytes(), type=type_)
    except (OSError, msgspec.DecodeError) as error:
        raise Refused(f"{path}: damaged or edited, make the plan again: {error}") from None


def _part(path: Path, type_: Any, expected: str) -> Any:
    found = {} if expected == digest({}) and not path.exists() else _decode(path, type_)
    if digest(found) != expected:
        raise Refused(f"{path}: {_EDITED}")
    return found


def _open(path: Path) -> _Sealed:
    document = _decode(path, dict[str, Any])
    seal = document.pop("seal", None)
    if (format_ := document.get("format")) != FORMAT:
        raise Refused(f"{path}: plan format {format_}, this leverkit reads {FORMAT}; make the plan again")
    if digest(document) != seal:
        raise Refused(f"{path}: {_EDITED}")
    return msgspec.convert(document, _Sealed)
