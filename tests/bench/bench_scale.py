"""How long the commands on a large run take here, and how much memory: `make bench`.

`PYTHONPATH=tests python -m bench.bench_scale [OPPORTUNITIES]`; 100981 gives a plan of 459,610 operations.

Each of two opportunities of a person has four or five of 2,000 tags, which the other one lacks. The account
is served on this computer without a rate limit, each command is a process of its own. All but the last
operations of the plan are done by this script, in account and journal, and then `apply` resumes the run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import groupby, islice
from pathlib import Path

from leverkit.emulator import Running, running
from leverkit.migration.journal import Body, Intent, Journal, Outcome, SessionStarted, WriteResponse
from leverkit.migration.run import Run

Added = Mapping[str, tuple[str, ...]]  # tags by opportunity
FAST = ("--rate", "100000")
TAGS = 2_000
LEFT = 1_000  # operations that `apply` carries out
SHARE = 5515  # of 10,000 opportunities have five tags instead of four
REASONS = [{"id": "hired", "text": "Hired", "status": "active", "type": "hired"}]


def main(opportunities: int) -> None:
    """Carry out a plan for so many opportunities, verify it and plan its undoing."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        flow(folder, opportunities)
        counts = json.loads((folder / "run" / "plan.json").read_bytes())["counts"]
    print(f"{counts['operations']:,} operations on {counts['opportunities']:,} opportunities")


def flow(folder: Path, opportunities: int) -> None:
    """Measure the commands of a flow, and leave their files in the folder."""
    here = {"LEVER_API_KEY": "bench", "HOME": str(folder), "LEVERKIT_WORKSPACE": str(folder)}
    run = ["run", "--max-pct", "100", "--max-tag-pct", "1000"]
    (folder / "policy.csv").write_text("tag,scope\n" + "".join(f"tag {n},contact\n" for n in range(TAGS)))
    print("| command | by the clock | processor | peak memory |\n| --- | --- | --- | --- |", flush=True)
    with served(folder, opportunities, {}) as account:
        here["LEVER_BASE_URL"] = account.base_url
        measured(folder, here, "pull", "-o", "snapshot", *FAST)
        measured(folder, here, "plan", "snapshot", "--policy", "policy.csv", "-o", *run)
    port = int(account.base_url.split(":")[2].split("/")[0])
    planned = Run.planned(folder / "run")
    with served(folder, opportunities, record_most(planned), port=port):
        measured(folder, here, "apply", "run", "--approve", planned.plan.plan_id, *FAST)
        measured(folder, here, "status", "run")
        measured(folder, here, "verify", "run", *FAST)
        measured(folder, here, "status", "run")
        measured(folder, here, "rollback", "run", "-o", "undo")
        measured(folder, here, "replay", "run")


@contextmanager
def served(folder: Path, opportunities: int, added: Added, *, port: int = 0) -> Iterator[Running]:
    """Serve the account, with more tags on some opportunities."""
    (folder / "account").mkdir(exist_ok=True)
    (folder / "account" / "archive_reasons.json").write_text(json.dumps(REASONS))
    with (folder / "account" / "opportunities.jsonl").open("w") as file:
        for number in range(opportunities):
            file.write(json.dumps(_opportunity(number, added)) + "\n")
    with running(load=folder / "account", rate=None, port=port, api_key="bench") as account:
        yield account


def _opportunity(number: int, added: Added) -> dict[str, object]:
    name, at_ms = f"{number:08x}-0000-4000-8000-000000000001", 1_700_000_000_000 + number
    places = range(4 + (number * SHARE % 10_000 < SHARE))
    tags = [f"tag {(number * 7 + place * 401) % TAGS}" for place in places]
    return {
        "id": name,
        "contact": f"{number // 2:08x}-0000-4000-8000-000000000002",
        "stage": "lead-new",
        "confidentiality": "non-confidential",
        "archived": None,
        "tags": [*tags, *added.get(name, ())],
        "sources": [],
        "applications": [],
        "origin": "sourced",
        "createdAt": at_ms,
        "updatedAt": int(time.time() * 1000) if name in added else at_ms,
        "lastAdvancedAt": at_ms,
    }


def record_most(run: Run) -> Added:
    """Record in the journal that all but the last operations are done; return the tags so added."""
    operations = run.plan.operations[:-LEFT]
    added = {
        opportunity: tuple(op.tag for op in ops)
        for opportunity, ops in groupby(operations, key=lambda op: op.opportunity)
    }
    numbers, left = iter(range(len(operations))), iter(added.items())
    with closing(Journal(run.journal_file)) as journal:
        journal.bind(run.plan.plan_id, run.plan.account)
        journal.append(SessionStarted("bench"))
        while batch := list(islice(left, 100)):
            journal.append(*_entries(run, batch, numbers, len(journal.entries) + 1))
    return added


def _entries(
    run: Run, batch: list[tuple[str, tuple[str, ...]]], numbers: Iterator[int], seq: int
) -> Iterator[Body]:
    """Yield what `apply` records of requests to these opportunities; `seq` is that of the first entry."""
    for opportunity, tags in batch:
        ops = tuple(islice(numbers, len(tags)))
        yield Intent(ops, opportunity, "add", tags, run.plan.before[opportunity].tags, 1_700_000_000_000)
        yield WriteResponse(seq, "ok", 300)
        yield from (Outcome(number, "done", True, "read back", "", int(time.time() * 1000)) for number in ops)
        seq += 2 + len(ops)


def measured(folder: Path, environment: dict[str, str], *words: str) -> None:
    """Run a command and print its seconds, by the clock and of the processor, and its memory."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "leverkit", *words],
        cwd=folder,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    told = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(words)}: exit {process.returncode}\n{told.decode()}")
    took, busy = time.perf_counter() - began, usage.ru_utime + usage.ru_stime
    print(f"| {words[0]} | {took:.1f} s | {busy:.1f} s | {usage.ru_maxrss / 1024:,.0f} MB |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
