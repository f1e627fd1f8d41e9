"""Find, decide, migrate and verify tags that Lever split across a person's opportunities.

    import leverkit as lk

    snapshot = lk.pull("snapshot")               # or lk.Snapshot.open("snapshot")
    audit = lk.audit(snapshot)                   # facts: audit.tags, audit.contacts, audit.findings
    snapshot.gaps("speaks German")               # who lacks a tag, with owner and link
    policy = lk.Policy.suggest(audit)            # policy.csv is where people decide
    plan = lk.plan(snapshot, policy, "run")      # writes nothing to Lever
    lk.apply("run", approve=plan.plan_id)        # carries out exactly this plan

README.md and docs/ tell more; `leverkit --help` has the same steps as commands. The rest is for developers.

Fourteen packages, imports one way (tests/test_layers.py compares):

    cli           words to calls; imports everything, nobody imports it
    notebook      what notebooks call, and notebooks as jobs
    jobs          what joins the packages below: the ledger brought up to date
    webhook       Lever's deliveries, and tags kept alike on all of a person's opportunities
    verification  is it so? Never imports what writes
    migration     carry a plan out, undo it; the only package that writes to Lever
    planning      from policy to plan; sends no request
    history       the ledger: whose each tagging is, and what people decided about it
    policy        what people decide
    analysis      facts about tags, no opinion
    snapshot      an account on disk
    api           Lever's API: client, pagination, rate limit; usable alone
    report        how things look to people
    storage       files that survive kills and spreadsheets

Beside them `errors`, `extras`, `lazy_names`, `settings` (over `environment`, `credentials` and `accounts`),
`doctor`, and two packages alone: `emulator` (a Lever account on this computer) and `scanner` (deprecated
endpoints in source).

The names below are loaded on first use, so that `import leverkit` costs nothing.
"""

from __future__ import annotations

from leverkit.lazy_names import loader

TYPE_CHECKING = False  # type checkers take it as true; importing it from typing would double the cost
if TYPE_CHECKING:
    from leverkit.analysis.audit import Audit, audit
    from leverkit.api.asynchronous import AsyncLever, AsyncReadOnlyLever
    from leverkit.api.client import Lever, ReadOnlyLever
    from leverkit.errors import LeverkitError
    from leverkit.jobs.changes import changes
    from leverkit.migration.apply import apply
    from leverkit.migration.rollback import rollback
    from leverkit.notebook.parameters import parameters
    from leverkit.notebook.workspace import desk
    from leverkit.planning.plan import Plan
    from leverkit.planning.planner import plan
    from leverkit.policy.policy import Policy
    from leverkit.settings import connect, connect_async, workspace
    from leverkit.snapshot.pull import pull
    from leverkit.snapshot.snapshot import Snapshot
    from leverkit.verification.verify import verify
    from leverkit.webhook.propagate import propagate

__all__ = [
    "AsyncLever",
    "AsyncReadOnlyLever",
    "Audit",
    "Lever",
    "LeverkitError",
    "Plan",
    "Policy",
    "ReadOnlyLever",
    "Snapshot",
    "apply",
    "audit",
    "changes",
    "connect",
    "connect_async",
    "desk",
    "parameters",
    "plan",
    "propagate",
    "pull",
    "rollback",
    "verify",
    "workspace",
]
__getattr__ = loader(
    __name__,
    {
        "analysis.audit": ("Audit", "audit"),
        "api.asynchronous": ("AsyncLever", "AsyncReadOnlyLever"),
        "api.client": ("Lever", "ReadOnlyLever"),
        "errors": ("LeverkitError",),
        "jobs.changes": ("changes",),
        "migration.apply": ("apply",),
        "migration.rollback": ("rollback",),
        "notebook.parameters": ("parameters",),
        "notebook.workspace": ("desk",),
        "planning.plan": ("Plan",),
        "planning.planner": ("plan",),
        "policy.policy": ("Policy",),
        "settings": ("connect", "connect_async", "workspace"),
        "snapshot.pull": ("pull",),
        "snapshot.snapshot": ("Snapshot",),
        "verification.verify": ("verify",),
        "webhook.propagate": ("propagate",),
    },
)


def __dir__() -> list[str]:
    return sorted(__all__)  # what is of use after `lk.` and Tab
