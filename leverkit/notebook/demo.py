"""The whole flow on an emulated account, as a scheduler would run it: notebooks as jobs, reports rendered.

Every line of its summary is checked: a step that does not do what it should ends the demo with an error.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from leverkit.api.client import ReadOnlyLever
from leverkit.api.rate_limit import Pace
from leverkit.environment import VARIABLES, handing_on
from leverkit.errors import LeverkitError, UsageError
from leverkit.jobs.overview import Overview
from leverkit.migration.result import status
from leverkit.migration.run import Run
from leverkit.notebook.copies import folder
from leverkit.notebook.job.runner import run
from leverkit.planning.plan import Plan
from leverkit.planning.run_folder import run_folders
from leverkit.policy.policy import Policy
from leverkit.report.text import count

RATE = 200.0  # requests per second: Lever allows 10, but nobody should wait for a demo
ACCEPT = 0.9
MARK = ".leverkit-demo"
SEED = "7"

Tags = dict[str, frozenset[str]]


def run_demo(out: Path, *, contacts: int = 800, load: Path | None = None, key: str = "") -> str:
    """Run the flow from audit to rollback into the folder `out` and return a summary.

    `key` is the API key of the emulated account, a random one where it is empty.

    Replaces an earlier demo in `out`; raises UsageError where something else is there, LeverkitError
    where a step does not do what it should.
    """
    notebooks = folder()
    out = _fresh(out)
    source = ["--load", str(load.resolve())] if load else ["--contacts", str(contacts), "--seed", SEED]
    source += ["--api-key", key] if key else []
    with _emulator(source, out / "truth.json") as account, account.open() as lever:
        return _Demo(notebooks, out, account, lever).summary()


@dataclass(frozen=True)
class _Account:
    base_url: str
    api_key: str

    def open(self) -> ReadOnlyLever:
        return ReadOnlyLever(base_url=self.base_url, key=self.api_key, pace=Pace(RATE, int(RATE)))


@dataclass(frozen=True)
class _Demo:
    notebooks: Path
    out: Path
    account: _Account
    lever: ReadOnlyLever

    def summary(self) -> str:
        start = self._tags()
        lines = [self._size(start), *self._audit_and_decide(), *self._migrate(), *self._undo(start)]
        return "\n".join([*lines, "", "Reports, to open in a browser:", *self._reports()])

    def _audit_and_decide(self) -> Iterator[str]:
        self._job("1-audit", "10_audit", rate=RATE)
        yield f"Audit     {Overview.at(self._folder).headline}"
        self._job("2-policy", "20_policy", accept=ACCEPT)
        yield f"Policy    {self._decided()}"

    def _migrate(self) -> Iterator[str]:
        self._job("3-plan", "30_migrate", mode="plan", rate=RATE)
        plan = self._newest()
        yield f"Plan      {plan.short}: {plan.summary}"
        self._job("4-apply", "30_migrate", mode="apply", approve=plan.short, rate=RATE)
        yield f"Apply     {status(Run.open(self._run(plan))).require().summary}"
        self._job("5-verify", "30_migrate", mode="verify", approve=plan.short, rate=RATE)
        yield f"Verify    {self._verified(plan)}"
        self._job("6-plan-again", "30_migrate", mode="plan", rate=RATE)
        yield f"Again     {self._empty()}"
        overview = Overview.at(self._folder)
        overview.to_html(self.out / "overview.html")
        yield f"Overview  {overview.headline}"

    def _undo(self, start: Tags) -> Iterator[str]:
        self._job("7-undo-plan", "40_rollback", mode="plan", rate=RATE)
        plan = self._newest()
        yield f"Rollback  {plan.short}: {plan.summary}"
        self._job("8-undo", "40_rollback", mode="apply", approve=plan.short, rate=RATE)
        self._job("9-undo-verify", "40_rollback", mode="verify", approve=plan.short, rate=RATE)
        yield f"Undone    {self._verified(plan)}"
        if self._tags() != start:
            raise LeverkitError("the rollback did not restore the tags of the start")
        every = count(len(start), "opportunity", "opportunities")
        yield f"State     all {every} carry exactly the tags that they had at the start"

    def _job(self, name: str, notebook: str, **parameters: object) -> None:
        """Run a notebook as a job with the demo's account in the environment of its kernel."""
        print(f"{name} …", file=sys.stderr, flush=True)
        with handing_on(self._variables()):
            record = run(self.notebooks / f"{notebook}.ipynb", self.out / "jobs" / name, parameters)
        if record.status == "interrupted":
            raise KeyboardInterrupt
        if record.exit_code:
            raise LeverkitError(f"{name} ended with {record.exit_code}: {record.summary}")

    def _variables(self) -> Mapping[str, str]:
        own = {"LEVER_BASE_URL": self.account.base_url, "LEVER_API_KEY": self.account.api_key}
        own |= {"LEVERKIT_WORKSPACE": str(self.out / "workspace"), "LEVERKIT_ACCOUNT_NAME": "demo"}
        return dict.fromkeys(VARIABLES, "") | own | {"LEVERKIT_ENV_FILE": os.devnull}

    @property
    def _folder(self) -> Path:
        return self.out / "workspace" / self.lever.account_id()

    def _run(self, plan: Plan) -> Path:
        return self._folder / "runs" / plan.short

    def _newest(self) -> Plan:
        return Plan.read(run_folders(self._folder)[0])

    def _tags(self) -> Tags:
        return {found.id: frozenset(found.tags) for found in self.lever.opportunities()}

    def _size(self, start: Tags) -> str:
        size = f"{count(len(start), 'opportunity', 'opportunities')}, emulated"
        return f"Account   {size}; {RATE:g} requests per second instead of Lever's 10"

    def _decided(self) -> str:
        scopes = Policy.read(self._folder / "policy.csv").scopes
        decided = {tag: scope for tag, scope in scopes.items() if scope != "undecided"}
        text = f"{len(decided)} of {count(len(scopes), 'tag')} by suggestions of confidence {ACCEPT} or more"
        truth = json.loads((self.out / "truth.json").read_text(encoding="utf-8"))
        if truth:
            right = sum(truth.get(tag) == scope for tag, scope in decided.items())
            text += f", {right} of them right"
        return f"{text}; {len(scopes) - len(decided)} left to people"

    def _verified(self, plan: Plan) -> str:
        found = json.loads((self._run(plan) / "verify.json").read_text(encoding="utf-8"))
        if not found["ok"]:
            raise LeverkitError(f"plan {plan.short}: {found['summary']}")
        return str(found["summary"])

    def _empty(self) -> str:
        plan = self._newest()
        if plan.operations:
            raise LeverkitError(f"the second plan is not empty: {plan.summary}")
        return f"a second plan finds {plan.summary}"

    def _reports(self) -> list[str]:
        jobs = sorted((self.out / "jobs").glob("*/*.html"))
        pages = [self.out / "overview.html", *jobs, self._folder / "audit.html"]
        return [f"  {_short(page)}" for page in pages]


@contextmanager
def _emulator(source: list[str], truth: Path) -> Iterator[_Account]:
    """Serve an emulated account in another process."""
    command = [sys.executable, "-m", "leverkit.emulator", *source, "--truth", str(truth)]
    command += ["--rate", str(RATE), "--burst", str(int(2 * RATE))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            started = json.loads(process.stdout.readline() or "{}")
            if not started:
                raise LeverkitError("the emulated account did not start; see the message above")
            yield _Account(started["base_url"], started["api_key"])
        finally:
            process.terminate()


def _fresh(out: Path) -> Path:
    """Return the folder, emptied if it holds an earlier demo. Raises UsageError if it holds anything else."""
    if out.exists() and any(out.iterdir()):
        if not (out / MARK).exists():
            raise UsageError(f"{out} holds something that is not a demo; choose another folder with -o")
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / MARK).touch()
    return out.resolve()


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
