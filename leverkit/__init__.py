"""leverkit: find, decide, migrate and verify tags that Lever split across a person's opportunities.

The rooms and their levels; a room imports from the rooms named behind its arrow, nothing else of ours:

    9  __main__      -> everything
    9  cli           -> everything
    9  commands_flow -> everything
    8  desk          -> account, audit, client, errors, plan, planfile, policy, pull, report, result,
                        rollback, snapshot, step
    7  propagate     -> account, apply, brakes, client, errors, journal, operations, planfile, records,
                        result
    7  step          -> account, apply, charts, client, errors, planfile, report, result, verification,
                        verify
    6  apply         -> account, client, errors, halt, journal, lock, planfile, progress, result, writer
    6  doctor        -> account, client, errors, report
    6  pull          -> account, client, errors, parquet, progress, records, snapshot, spool, sweep
    6  runner        -> account, errors, job, jobpage, jobrecord, lock, spreadsheet
    6  tour          -> audit, client, errors, pacing, planfile, policy, result
    6  verify        -> account, client, errors, planfile, progress, records, verification
    6  widgets       -> decision, report, review
    5  account       -> client, demo, errors, pacing, wire
    5  audit         -> associations, audit_report, cost, evidence, findings, postings, report, snapshot,
                        spreadsheet
    5  review        -> decision, policy
    5  writer        -> client, errors, halt, journal, operations, outcomes, planfile, progress, reading
    4  demo          -> client, errors, pacing, wire
    4  evidence      -> snapshot
    4  outcomes      -> journal, operations, planfile, records
    4  plan          -> brakes, operations, planfile
    4  policy        -> charts, cost, decision, errors, report, spreadsheet, suggestion
    4  reading       -> client, errors, operations, records
    4  result        -> errors, journal, lock, operations, planfile, report, spreadsheet
    4  rollback      -> brakes, errors, journal, lock, operations, planfile
    4  sweep         -> client, errors, records, spool, windows
    3  client        -> errors, pacing, records, wire
    3  cost          -> operations
    3  jobpage       -> jobrecord, report
    3  planfile      -> brakes, errors, operations, report, spreadsheet
    3  snapshot      -> errors, parquet
    2  audit_report  -> charts, errors, findings, report
    2  decision      -> errors, spreadsheet
    2  jobrecord     -> errors, job, lock, spreadsheet
    2  operations    -> errors, spreadsheet
    2  parquet       -> records, spool
    2  readiness     -> spreadsheet
    2  scan          -> scanner
    2  verification  -> errors, report, spreadsheet
    2  wire          -> answers, errors, pacing
    1  answers       -> errors
    1  brakes        -> errors
    1  charts        -> report
    1  findings      -> spelling
    1  job           -> errors
    1  journal       -> errors
    1  lock          -> errors
    1  postings      -> spelling
    1  scanner       -> errors
    1  spool         -> errors, records, windows
    1  spreadsheet   -> errors
    1  suggestion    -> spelling
    1  webhook       -> errors
    0  associations, commands, emulator, errors, halt, pacing, progress, records, report, spelling,
            windows
"""

from __future__ import annotations

from leverkit.account import connect, workspace
from leverkit.apply import apply
from leverkit.audit import Audit, audit
from leverkit.client import Lever, ReadOnlyLever
from leverkit.desk import desk
from leverkit.errors import LeverkitError
from leverkit.job import parameters
from leverkit.plan import plan
from leverkit.planfile import Plan
from leverkit.policy import Policy
from leverkit.propagate import propagate
from leverkit.pull import pull
from leverkit.rollback import rollback
from leverkit.snapshot import Snapshot
from leverkit.verify import verify

__all__ = [
    "Audit",
    "Lever",
    "LeverkitError",
    "Plan",
    "Policy",
    "ReadOnlyLever",
    "Snapshot",
    "apply",
    "audit",
    "connect",
    "desk",
    "parameters",
    "plan",
    "propagate",
    "pull",
    "rollback",
    "verify",
    "workspace",
]
