"""A plan as a value and as files: plan.csv for people; plan.json, before.json, holders.json beside it.

The plan id is a sha256 over the operations and all that is said of them; a person approves exactly that.
plan.json carries a seal too, so that an edit of an estimate (requests, minutes) is noticed as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from leverkit.api.rate_limit import minutes_of
from leverkit.errors import Refused
from leverkit.history.tables import SHORT
from leverkit.planning.brakes import OFF, Brakes, Size, spreads
from leverkit.planning.canary import Canary
from leverkit.planning.operation import (
    Operation,
    OpportunityState,
    Skipped,
    by_reason,
    left_out,
    read_csv,
    requests,
    write_csv,
    write_skipped,
)
from leverkit.planning.plan_document import EDITED, FORMAT, Kind, PlanDocument, read_part
from leverkit.planning.run_folder import replacing, require_plan
from leverkit.policy.decision import Undecided
from leverkit.policy.near_duplicates import NEAR_DUPLICATE
from leverkit.report.anonymisation import PersonDisplay
from leverkit.report.html import Html, bullets, table
from leverkit.report.text import count
from leverkit.storage import files
from leverkit.storage.files import digest, digest_with_rows

if TYPE_CHECKING:
    import pandas as pd

LEAST = 8  # hex digits of a plan id that an approval must give
UNBOUND = ("taken_at", "lever_ms", "ledger", "account_name", "demo")  # of the reading; what people say


class Plan(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Operations, what they rest on, and what the account should look like afterwards.

    `before` holds every opportunity of the plan's contacts; `tag_counts` is what `GET /tags` should
    say afterwards for the tags concerned; `holders` the other opportunities that have these tags;
    `opportunities` is the size of the account, 0 if not known. `account_ids` are ids by which the account is
    recognised, `lever_ms` is Lever's clock at the snapshot (ms since epoch, None if not known), and
    `left_out` are changes that nobody asked for. `ledger` names the reading of its ledger that it rests on.
    `matching` says which opportunities get a tag, by tag, where these are not all.
    """

    kind: Kind
    account: str
    operations: tuple[Operation, ...] = ()
    format: int = FORMAT
    account_ids: tuple[str, ...] = ()
    account_name: str = ""
    host: str = ""
    demo: bool = False
    policy_digest: str = ""
    snapshot_digest: str = ""
    taken_at: int = 0
    lever_ms: int | None = None
    opportunities: int = 0
    before: dict[str, OpportunityState] = {}
    tag_counts: dict[str, int] = {}
    undecided: tuple[Undecided, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    left_out: tuple[Skipped, ...] = ()
    warnings: tuple[str, ...] = ()
    brakes: Brakes = Brakes()
    canary: Canary = Canary()
    holders: dict[str, tuple[str, ...]] = {}
    ledger: str = ""
    matching: dict[str, str] = {}

    @cached_property
    def plan_id(self) -> str:
        """Return the id that a person approves: 64 hex digits; the first 12 are shown.

        In format 2 it binds everything but the estimates, whose rules may change, the time of the reading (a
        later reading of an unchanged account gives the same plan), and the account's name here.
        """
        rows = ((op.contact, op.opportunity, op.action, op.tag, op.reason) for op in self.operations)
        if self.format == 1:
            first = (1, self.kind, self.account, self.policy_digest, self.snapshot_digest)
            return digest_with_rows({"bound": first}, rows)
        # By way of JSON, as read back: a limit of 30 is 30.0 there, and an infinite one is none.
        brakes = msgspec.json.decode(msgspec.json.encode(self.brakes), type=Brakes)
        unbound = UNBOUND if self.matching else (*UNBOUND, "matching")  # as before there was one
        bound = {name: value for name, value in _shared(self).items() if name not in unbound}
        bound |= {"brakes": brakes, "before": digest(self.before), "holders": digest(self.holders)}
        return digest_with_rows({"bound": bound}, rows)

    @property
    def short(self) -> str:
        """Return the first 12 hex digits of the plan id."""
        return self.plan_id[:SHORT]

    @property
    def needs_source(self) -> bool:
        """Return True if additions copy a tag that another opportunity of the contact must still carry.

        They do where they follow from a policy; a propagation without one adds tags that its caller names.
        """
        return self.kind == "migrate" or (self.kind == "propagate" and bool(self.policy_digest))

    @property
    def needs_same_contact(self) -> bool:
        """Return True if an opportunity must still be its contact's; a rollback follows it to another one."""
        return self.kind != "rollback"

    def wave_positions(self, contacts: Container[str]) -> frozenset[int]:
        """Return the positions of all operations of these contacts."""
        return frozenset(number for number, op in enumerate(self.operations) if op.contact in contacts)

    def subset(self, positions: Container[int]) -> Plan:
        """Return the plan with only the operations at these positions, and the tag counts after them."""
        counts = Counter(self.tag_counts)
        for number, op in enumerate(self.operations):
            if number not in positions and op.tag in counts:
                counts[op.tag] -= op.delta
        kept = tuple(op for number, op in enumerate(self.operations) if number in positions)
        return msgspec.structs.replace(self, operations=kept, tag_counts=dict(counts))

    @cached_property
    def siblings(self) -> Mapping[str, int]:
        """Return the number of opportunities of each of the plan's contacts."""
        return Counter(known.contact for known in self.before.values())

    @cached_property
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
            "near_duplicates": by_reason(self.skipped).get(NEAR_DUPLICATE, 0),
        }

    @cached_property
    def requests(self) -> int:
        """Return the number of requests that carrying it out takes."""
        return requests(self.operations, self.siblings)

    @property
    def minutes(self) -> float:
        """Return the minutes that carrying it out takes at Lever's rate."""
        return minutes_of(self.requests)

    @property
    def size(self) -> Size:
        """Return what brakes look at."""
        ops, removals, touched = (self.counts[name] for name in ("operations", "removes", "opportunities"))
        tags = spreads(self.operations, self.tag_counts)
        return Size(operations=ops, removals=removals, touched=touched, account=self.opportunities, tags=tags)

    def check_brakes(self, given: Brakes = OFF) -> None:
        """Raise BrakeTripped where the plan is larger than its brakes, or those given here, allow."""
        self.brakes.override(given).check(self.size)

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
        change = f"{count(size['adds'], 'tagging')} to add, {size['removes']:,} to remove"
        if size["removes"] and not size["adds"]:
            change = f"{count(size['removes'], 'tagging')} to remove, 0 to add"
        where = count(size["opportunities"], "opportunity", "opportunities")
        who, cost = count(size["contacts"], "person", "people"), count(self.requests, "request")
        return f"{change} on {where} of {who}, {left}; {cost}, about {self.minutes} min"

    def write(self, run: Path | str) -> None:
        """Write the files of the plan into a run folder, plan.json last.

        Raises Refused where its journal is of another plan, Locked where somebody works on it.
        """
        run = Path(run)
        with replacing(run, self.plan_id):
            write_csv(run / "plan.csv", self.operations)
            write_skipped(run / "skipped.csv", self.skipped)
            for name in ("before", "holders"):
                content = msgspec.json.encode(getattr(self, name), order="deterministic")
                files.write_atomic(run / f"{name}.json", content)
            document = PlanDocument(
                plan_id=self.plan_id,
                counts=self.counts,
                requests=self.requests,
                minutes=self.minutes,
                before_digest=digest(self.before),
                holders_digest=digest(self.holders),
                **_shared(self),
            )
            document.write(run / "plan.json")

    @classmethod
    def read(cls, run: Path | str) -> Plan:
        """Read a plan back. Raises UsageError where there is none, Refused where a file of it was edited."""
        run = Path(run)
        require_plan(run)
        document = PlanDocument.read(run / "plan.json")
        before = read_part(run / "before.json", dict[str, OpportunityState], document.before_digest)
        holders = read_part(run / "holders.json", dict[str, tuple[str, ...]], document.holders_digest)
        plan = cls(operations=read_csv(run / "plan.csv"), before=before, holders=holders, **_shared(document))
        if plan.plan_id != document.plan_id:
            how = "what it does is changed in the policy, its brakes by `plan`"
            raise Refused(f"{run / 'plan.csv'}: {EDITED}; {how}")
        if document.counts.items() - plan.counts.items() or (plan.format == 1 and not plan.is_consistent):
            raise Refused(f"{run / 'plan.json'}: {EDITED}")
        return plan

    @property
    def is_consistent(self) -> bool:
        """Return True if canary and `before` fit the operations; of format 1, no more can be checked."""
        states = self.before
        first = self.wave_positions(set(self.canary.contacts))
        return len(first) == self.canary.operations and all(
            op.opportunity in states
            and states[op.opportunity].contact == op.contact
            and not op.is_in_effect(states[op.opportunity].tags)
            for op in self.operations
        )

    @property
    def frame(self) -> pd.DataFrame:
        """Return one row per operation: contact, opportunity, action, tag, reason."""
        import pandas as pd

        return pd.DataFrame(map(msgspec.structs.asdict, self.operations), columns=Operation.__struct_fields__)

    def __repr__(self) -> str:
        return f"<Plan {self.short}: {self.summary}>"

    def html(self, people: PersonDisplay) -> str:
        """Return the plan as markup, with people as `people` displays them."""
        head = Html("<p><strong>Plan {}</strong> ({}): {}</p>").format(self.short, self.kind, self.summary)
        head += bullets(self.warnings)
        if not self.operations:
            return head
        return head + table(
            **people.table_arguments(self.frame, 15), caption="Planned changes", rest="plan.csv has all"
        )

    def _repr_html_(self) -> str:
        return self.html(PersonDisplay.at(self.host))


def _shared(of: Plan | PlanDocument) -> dict[str, Any]:
    names = PlanDocument.__struct_fields__
    return {name: getattr(of, name) for name in names if name in Plan.__struct_fields__}
