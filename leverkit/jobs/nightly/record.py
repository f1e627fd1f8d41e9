"""sync.json: how the last nightly job of an account ended, and what the next one has to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import msgspec

from leverkit.errors import Locked, Partial
from leverkit.jobs.notify import Notice
from leverkit.report.html import Html, Section, bullets, facts, page
from leverkit.report.masthead import Masthead
from leverkit.report.text import count, figures
from leverkit.storage import files
from leverkit.storage.files import SHARED

NAME, REPORT = "sync.json", "report.html"


def sync_lock(account_folder: Path) -> Path:
    """Return the lock of the nightly job of an account."""
    return account_folder / "sync.lock"


_NOUNS = {
    "changed by others": ("change by others", "changes by others"),
    "planned": ("tagging planned", "taggings planned"),
    "carried out": ("tagging in place", "taggings in place"),
    "left as it is": ("gap left as it is", "gaps left as they are"),
}
_OUTCOMES = {"no_op": "in place already"}
_REASONS = {"left as it was": "from before the nightly job began; a person plans these with leverkit plan"}
_ENDED = {
    Partial.exit_code: "done in part",
    4: "refused",
    5: "stopped by a safety brake",
    6: "not as planned",
    8: "stopped, the next one goes on",
    11: "not begun, another one is running",
    12: "without access",
    130: "interrupted",
}


def _event(kind: str, number: int) -> str:
    """Return how many taggings or opportunities changed in a way, in words."""
    if kind == "new opportunity":
        return count(number, "new opportunity", "new opportunities")
    if kind == "renamed":
        return f"{count(number, 'tag')} renamed"
    tagging = kind.startswith(("added", "removed", "taken"))
    return f"{count(number, 'tagging') if tagging else count(number, 'opportunity', 'opportunities')} {kind}"


class SyncRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What a job found, planned and did.

    `reading` is the number of the ledger's reading, `found` the events since the one before, by kind. `left`
    are gaps that were not planned, by reason; `counts` the outcomes of what was carried out. `open_run` is a
    run folder that is to be finished first. `exit_code` is None while the job runs.
    """

    format: int = 1
    account: str = ""
    account_name: str = ""
    host: str = ""
    started_at: str = ""
    seconds: float = 0.0
    policy_digest: str = ""
    reading: int = 0
    first: bool = False
    dry_run: bool = False
    found: dict[str, int] = {}
    plan_id: str = ""
    run: str = ""
    planned: int = 0
    left: dict[str, int] = {}
    undecided: int = 0
    counts: dict[str, int] = {}
    open_run: str = ""
    packed: int = 0
    exit_code: int | None = None
    summary: str = ""
    next: str = ""
    notes: tuple[str, ...] = ()

    @classmethod
    def find(cls, folder: Path, account: str) -> Self:
        """Read the record of an account in a folder; an empty one where there is none that can be used."""
        found = files.read_json(folder / NAME, cls)
        return found if found is not None and found.account == account else cls()

    def write(self, folder: Path) -> None:
        """Write sync.json in one step, and report.html for people once the job has ended.

        Without an account there is a page alone: sync.json holds what the next job has to know. So it does of
        another account in whose folder this job could not begin.
        """
        if self.account and (self.reading or not self._is_foreign(folder)):
            files.write_json(folder / NAME, self)
        if self.exit_code is not None:
            files.write_atomic(folder / REPORT, self.page().encode(), mode=SHARED)

    def _is_foreign(self, folder: Path) -> bool:
        """Return True if sync.json in a folder is of another account."""
        found = files.read_json(folder / NAME, type(self))
        return found is not None and found.account not in ("", self.account)

    @property
    def outcome(self) -> str:
        """Return how the job ended, to be read after its name."""
        if self.exit_code is None:
            return f"begun: {self.summary}" if self.summary else "begun"
        if self.exit_code:
            return f"{self._how_it_failed}: {self.summary}"
        if self.first or self.dry_run:
            way = "tried without writing" if self.dry_run else "begun without writing"
            return f"{way}, {count(self.planned, 'tagging')} planned"
        done = self.figures["carried out"]
        return f"done, {count(done, 'tagging')} in place and verified" if done else "done, nothing to add"

    @property
    def _how_it_failed(self) -> str:
        return _ENDED.get(self.exit_code or 0, "failed")

    @property
    def state(self) -> str:
        """Return when the nightly job ran and how it ended, in a few words."""
        return f"{self.started_at[:10]}, {self.outcome}" if self.account else "not yet"

    @property
    def figures(self) -> dict[str, int]:
        """Return the numbers that people ask for first."""
        return {
            "changed by others": sum(self.found.values()),
            "planned": self.planned,
            "carried out": self.counts.get("done", 0) + self.counts.get("no_op", 0),
            "left as it is": sum(self.left.values()),
        }

    def notice(self, out: Path | None) -> Notice:
        """Return what somebody is told of the job, whose report is in a folder."""
        return Notice(
            job="sync",
            account=self.account_name or self.account,
            exit_code=self.exit_code or 0,
            counts=self.figures,
            report=str(out / REPORT) if out and self.exit_code != Locked.exit_code else "",
        )

    @property
    def sections(self) -> list[Section]:
        """Return what happened as the parts of a page."""
        left, done = sorted(self.left.items()), sorted(self.counts.items())
        ends = [(_OUTCOMES.get(name, name), number) for name, number in done if number]
        parts = {
            "Changed since the last reading": [_event(*found) for found in sorted(self.found.items())],
            "Gaps left as they are": [
                f"{count(number, 'gap')}: {_REASONS.get(reason, reason)}" for reason, number in left
            ],
            "Planned changes": [f"{count(number, 'change')} {name}" for name, number in ends],
        }
        parts["Notes"] = list(self.notes)
        lists = [Section(head, [bullets(lines)]) for head, lines in parts.items() if lines]
        where = [f"Every change is in {Path(self.run) / 'plan.csv'}."] if self.run else []
        numbers = [Section("In numbers", [self.cards, *where])] if self.reading else []
        return [*self._then, *numbers, *lists]

    @property
    def cards(self) -> Html:
        """Return the numbers that people ask for first, each with its noun."""
        return facts(figures(*((number, *_NOUNS[name]) for name, number in self.figures.items())))

    @property
    def _then(self) -> list[Section]:
        steps = [_as_sentence(step) for step in self.next.split("; ") if step]
        return [Section("What to do next", [bullets(steps)])] if steps else []

    def page(self) -> str:
        """Return the record as a page for people."""
        began = self.started_at[:16].replace("T", " ")
        head = Masthead(self.account_name, self.account, self.host, as_of=began)
        title = f"Nightly job {self._how_it_failed if self.exit_code else self.outcome}"
        lead = ""
        if self.exit_code or self.planned:  # else the lists say it
            lead = f"{self.summary[:1].upper()}{self.summary[1:].removesuffix('.')}."
        if not self.account:
            lead += " It ended before it knew its account: nothing was written to Lever."
        return page(title, self.sections, lead=lead, masthead=head.html, footer="leverkit sync")


def _as_sentence(step: str) -> str:
    """Return a step that begins with a capital letter, unless it is a command to be copied."""
    return step if step.startswith("leverkit ") else f"{step[:1].upper()}{step[1:]}"


@dataclass(frozen=True)
class SyncResult:
    """A nightly job that ended: its record, the error that ended it if any, and why nobody was told of it."""

    record: SyncRecord
    error: BaseException | None = None
    untold: str = ""

    def require(self) -> SyncResult:
        """Return the result if the job ended well; else raise what ended it, or Partial."""
        if self.error is not None:
            raise self.error
        if self.record.exit_code:
            raise Partial(self.record.summary)
        return self

    def _repr_html_(self) -> str:
        return Html().join(section._repr_html_() for section in self.record.sections)
