"""Measure the suggestions on accounts of many seeds and settings against their truth: `make measure`.

Seeds from 1000 on are held out: no parameter was chosen on them. Prints Markdown for docs/audit.md.
`PYTHONPATH=tests python -m quality.measure [SEEDS] [FIRST SEED]`.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from multiprocessing import Pool
from pathlib import Path

from quality.offices import Office, write_office
from quality.populations import Population, write_population
from support.snapshot_factory import write_generated

from leverkit.analysis.audit import audit
from leverkit.policy.policy import Policy

SURE = 0.9
HELD_OUT = 1000
BINS = (0.75, 0.8, 0.85, 0.9, 0.95, 1.01)
Write = Callable[..., dict[str, str]]


def emulated(folder: Path, people: int, *, seed: int) -> dict[str, str]:
    """Write an account of the emulator's generator."""
    return write_generated(folder, contacts=people, seed=seed)


SETTINGS: dict[str, Write] = {
    "emulator, 500 people": partial(emulated, people=500),
    "emulator, 2,000": partial(emulated, people=2000),
    "emulator, 10,000": partial(emulated, people=10_000),
    "postings known": partial(write_population, how=Population()),
    "postings renamed, deleted": partial(write_population, how=Population(known="changed")),
    "only ids of postings": partial(write_population, how=Population(known="ids")),
    "no postings": partial(write_population, how=Population(known="nothing")),
    "candidacies alike": partial(write_population, how=Population(alike=0.3)),
    "candidacy tags once a person": partial(write_population, how=Population(once=True)),
    "… and persons' on one only": partial(write_population, how=Population(once=True, single=True)),
    "candidacies very alike": partial(write_population, how=Population(alike=0.6)),
    "candidacy tags by stage": partial(write_population, how=Population(staged=True)),
    "… and very alike": partial(write_population, how=Population(staged=True, alike=0.6)),
    "candidacy tags by team": partial(write_population, how=Population(teams=True)),
    "tags for a period": partial(write_population, how=Population(period=True)),
    "returning people tagged twice as much": partial(write_population, how=Population(keen=2.0)),
    "returning people tagged half as much": partial(write_population, how=Population(keen=0.5)),
    "rare tags": partial(write_population, how=Population(carriers=0.002, tags=60)),
    "small, 300": partial(write_population, how=Population(people=300)),
    "office": partial(write_office, how=Office()),
    "office, 200 people": partial(
        write_office, how=Office(people=200, postings=12, persons=12, candidacies=8)
    ),
    "office, 10,000": partial(
        write_office, how=Office(people=10_000, postings=200, persons=60, candidacies=40)
    ),
    "few people split": partial(write_office, how=Office(split=0.05)),
    "many people split": partial(write_office, how=Office(split=0.6)),
    "renamed and reorganised": partial(write_office, how=Office(renamed=0.6, reorganised=0.4)),
    "postings deleted": partial(write_office, how=Office(deleted=0.7)),
    "postings edited": partial(write_office, how=Office(edited=0.7)),
    "integrations only": partial(write_office, how=Office(writers=("latest", "latest", "first"))),
    "migrated halfway": partial(write_office, how=Office(migrated=700, writers=("recruiter", "latest"))),
    "campaigns": partial(write_office, how=Office(campaigns=0.7, candidacies=30)),
    "back to the same department": partial(write_office, how=Office(affinity=0.9)),
    "answers that people repeat": partial(write_office, how=Office(sticky=0.5)),
    "half copied by a script": partial(write_office, how=Office(copied=0.5)),
    "noisy": partial(write_office, how=Office(noise=0.05, variants=0.3)),
    "archived without tags": partial(write_office, how=Office(bare=0.9)),
    "persons' tags that postings have": partial(write_office, how=Office(shared=0.3)),
    "as many hand-made taggings": partial(write_office, how=Office(persons=80, candidacies=60, postings=25)),
}


@dataclass(frozen=True)
class Judged:
    """A suggestion and the truth about its tag; `used` is the number of taggings of the tag."""

    scope: str
    confidence: float | None
    truth: str
    used: int

    @property
    def sure(self) -> bool:
        return self.confidence is not None and self.confidence >= SURE

    @property
    def right(self) -> bool:
        return self.scope == ("opportunity" if self.truth == "posting" else self.truth)


def judged(name: str, seed: int) -> list[Judged]:
    """Make an account and compare its suggestions with the truth."""
    with tempfile.TemporaryDirectory() as folder:
        truth = SETTINGS[name](Path(folder) / "s", seed=seed)
        decisions = Policy.suggest(audit(Path(folder) / "s")).decisions
    return [
        Judged(row.suggested_scope, row.confidence, truth[row.tag], int(row.evidence["opportunities"] or 0))
        for row in decisions
    ]


def line(name: str, rows: list[Judged]) -> str:
    """Return a row of the table."""
    sure = [row for row in rows if row.sure]
    copied = [row for row in sure if row.scope == "contact"]
    persons = [row for row in rows if row.truth == "contact"]
    found = [row for row in persons if row.sure and row.right]
    figures = (
        share(sum(row.right for row in sure), len(sure)),
        share(sum(row.used for row in sure if row.right), sum(row.used for row in sure)),
        share(sum(row.used for row in sure), sum(row.used for row in rows)),
        share(sum(row.right for row in copied), len(copied)),
        f"{len(copied) - len(found)}",
        f"{sum(row.truth == 'posting' and row.scope == 'contact' for row in rows)}",
        share(len(found), len(persons)),
        share(sum(row.used for row in found), sum(row.used for row in persons)),
    )
    return f"| {name} | {len(rows):,} | {' | '.join(figures)} |"


def share(part: int, whole: int) -> str:
    """Return a share with three digits, or a dash if there is nothing to share."""
    return f"{part / whole:.3f}" if whole else "–"


def calibration(rows: list[Judged]) -> Iterator[str]:
    """Yield a table: for each range of confidence, the share of right suggestions, without posting tags."""
    yield "| confidence | contact: tags | right | opportunity: tags | right |"
    yield "| --- | --- | --- | --- | --- |"
    for low, high in pairwise(BINS):
        cells = []
        for scope in ("contact", "opportunity"):
            inside = [row for row in rows if row.scope == scope and low <= (row.confidence or 0.0) < high]
            made = [row for row in inside if row.truth != "posting"]
            cells += [f"{len(made):,}", share(sum(row.right for row in made), len(made))]
        yield f"| {low:.2f} to {min(high, 1):.2f} | {' | '.join(cells)} |"


def main(count: int = 3, first: int = HELD_OUT, only: str = "") -> None:
    """Print a row for each setting and one over all, and the calibration over all."""
    print(
        f"Seeds {first} to {first + count - 1}, suggestions with confidence >= {SURE}:\n\n"
        "| account | tags | precision | … of taggings | taggings covered | contact precision | wrong copies "
        "| … of posting tags | contact recall | … of taggings |\n|" + 10 * " --- |"
    )
    everything: list[Judged] = []
    seeds = range(first, first + count)
    with Pool(2) as pool:
        for name in [name for name in SETTINGS if only in name]:
            rows = [
                row for found in pool.starmap(judged, [(name, seed) for seed in seeds], 1) for row in found
            ]
            everything += rows
            print(line(name, rows), flush=True)
    print(line("all", everything), "\n", *calibration(everything), sep="\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]), *sys.argv[3:4])
