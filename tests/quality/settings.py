"""The kinds of account that suggestions are fitted and measured on, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from quality.firm_kinds import FORM_KINDS, KINDS
from quality.firms import write_firm
from quality.offices import Office, write_office
from quality.populations import Population, write_population
from support.snapshot_factory import write_generated

Write = Callable[..., dict[str, str]]


def emulated(folder: Path, people: int, *, seed: int) -> dict[str, str]:
    """Write an account of the emulator's generator."""
    return write_generated(folder, contacts=people, seed=seed)


SETTINGS: dict[str, Write] = {
    **{name: partial(write_firm, how=how) for name, how in {**KINDS, **FORM_KINDS}.items()},
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
