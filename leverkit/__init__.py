"""leverkit: find, decide, migrate and verify tags that Lever split across a person's opportunities.

The rooms and their levels; a room imports from the rooms named behind its arrow, nothing else of ours:

    10  __main__             -> everything
    10  cli                  -> everything
    10  commands             -> everything
    10  commands_flow        -> everything
    10  commands_integration -> everything
    10  commands_run         -> everything
    9  desk                 -> account, audit, brakes, client, errors, plan, planfile, policy, pull, report,
                               result, rollback, snapshot, step
    9  receiver             -> inbox, logbook, subject, webhook, wire, worker
    8  propagate            -> account, apply, brakes, client, errors, journal, matching, operations,
                               planfile, records, result, sharing, subject, webhook
    8  step                 -> account, apply, brakes, charts, client, errors, people, planfile, report,
                               result, verification, verify
    8  worker               -> apply, brakes, client, errors, inbox, logbook, meter, operations, planfile,
                               policy, records, result, sharing
    7  apply                -> account, client, errors, gate, halt, journal, lock, planfile, progress,
                               result, waves, writer
    7  replay               -> advice, errors, gate, journal, planfile, result, spreadsheet, verification,
                               waves
    7  verify               -> account, advice, client, conservation, errors, operations, planfile,
                               progress, records, since, spelling, verification, waves
    6  advice               -> errors, gate, halt, journal, lock, planfile, waves
    6  doctor               -> account, client, errors, records, report
    6  pull                 -> account, client, errors, hands, parquet, progress, records, snapshot, spool,
                               sweep
    6  runner               -> account, errors, job, jobpage, jobrecord, lock, spreadsheet
    6  tour                 -> audit, client, errors, pacing, planfile, policy, result
    6  widgets              -> decision, lock, plan, report, review
    6  writer               -> client, errors, halt, hands, journal, operations, outcomes, planfile,
                               progress, reading, records
    5  account              -> budget, client, demo, errors, pacing, patience, wire
    5  audit                -> associations, audit_charts, audit_report, cost, evidence, findings, matrix,
                               people, placements, postings, readiness, report, snapshot, spreadsheet
    5  conservation         -> client, planfile, records, verification
    5  gate                 -> errors, journal, planfile, waves
    5  outcomes             -> journal, operations, planfile, records, spelling
    5  plan                 -> brakes, errors, operations, planfile, waves
    5  result               -> errors, halt, journal, lock, operations, people, planfile, report,
                               spreadsheet
    5  review               -> decision, lastsaved, policy, report
    5  rollback             -> errors, journal, lock, operations, planfile, waves
    5  since                -> errors, journal, operations, planfile, records
    4  audit_report         -> audit_charts, charts, findings, people, report
    4  demo                 -> client, errors, pacing, wire
    4  evidence             -> snapshot
    4  planfile             -> brakes, errors, operations, people, report, spreadsheet, waves
    4  policy               -> charts, cost, decision, errors, lastsaved, operations, policyfile, report,
                               suggestion
    4  reading              -> client, operations, records
    4  sweep                -> client, errors, hands, records, spool, windows
    4  verification         -> errors, people, report, spreadsheet, waves
    3  audit_charts         -> charts, findings, report
    3  brakes               -> errors, operations
    3  budget               -> pacing, wire
    3  client               -> errors, pacing, records, wire
    3  cost                 -> operations
    3  jobpage              -> jobrecord, report
    3  lastsaved            -> decision, spreadsheet
    3  lesson               -> emulator, errors, report, scan
    3  policyfile           -> decision, errors, lock, spreadsheet
    3  sharing              -> matching, operations, records
    3  snapshot             -> errors, parquet
    3  waves                -> errors, operations
    2  charts               -> drawing, report
    2  decision             -> errors, spreadsheet
    2  inbox                -> disk, errors, lock
    2  jobrecord            -> errors, job, lock, spreadsheet
    2  journal              -> disk, errors
    2  matrix               -> errors, people, report
    2  operations           -> errors, spreadsheet
    2  parquet              -> records, spool
    2  scan                 -> scanner
    2  subject              -> webhook
    2  wire                 -> answers, errors, pacing, patience
    1  answers              -> decoding, errors
    1  disk                 -> errors
    1  drawing              -> report
    1  findings             -> spelling
    1  halt                 -> errors
    1  job                  -> errors
    1  lock                 -> errors
    1  matching             -> records
    1  people               -> errors
    1  placements           -> spelling
    1  postings             -> spelling
    1  readiness            -> errors
    1  scanner              -> errors
    1  spool                -> errors, records, windows
    1  spreadsheet          -> errors
    1  suggestion           -> spelling, weighing
    1  webhook              -> decoding, errors
    0  associations, decoding, emulator, errors, hands, logbook, meter, pacing, patience, progress,
            records, report, spelling, starting, weighing, windows
"""

from __future__ import annotations

from leverkit.cli import startup

startup.begin()  # before what takes a second to load

# ruff: noqa: E402
from leverkit.analysis.audit import Audit, audit
from leverkit.api.client import Lever, ReadOnlyLever
from leverkit.errors import LeverkitError
from leverkit.migration.apply import apply
from leverkit.migration.rollback import rollback
from leverkit.notebook.parameters import parameters
from leverkit.notebook.workspace import desk
from leverkit.planning.plan import Plan
from leverkit.planning.planner import plan
from leverkit.policy.policy import Policy
from leverkit.settings import connect, workspace
from leverkit.snapshot.pull import pull
from leverkit.snapshot.snapshot import Snapshot
from leverkit.verification.verify import verify
from leverkit.webhook.propagate import propagate

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
