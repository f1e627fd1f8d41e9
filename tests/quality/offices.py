"""Generate accounts from the documented behaviour of Lever: a second family to measure suggestions on.

People apply for postings, by season and by habit; postings are renamed, deleted, edited; departments are
reorganised; `taggers` defines who tags what. The author had not read `suggestion` or `populations` before.
Tags are invented words, so that only structure is evidence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from support.snapshot_factory import Posting, Row, write_snapshot

SOUNDS = "bacodifugehijokaleminopurasetivowaxiyozu"
ORIGINS = {"applied": 60, "sourced": 22, "referred": 8, "agency": 5, "university": 3, "internal": 2}
TODAY = 1540.0


@dataclass(frozen=True)
class Office:
    """The parameters of an account. Shares are 0 to 1, days count from the opening of the account.

    `split`: of contacts, those with several opportunities; `affinity`: how often they come back to a
    department they know. `renamed`, `deleted`, `edited` (own tags added or dropped later): of postings;
    `reorganised`: of departments, renamed one day. `writers`: who tags persons; `spread`: how far the tag of
    a recruiter reaches siblings; `copied`: of people, on whom a script copied the tags of persons to all.
    `migrated`: the day until which all hand-made tags of a person were on all of their opportunities.
    `campaigns`, `sticky`: of tags of candidacies, those of a season and the answers that people repeat.
    `noise`: of taggings, those lost, and as many astray; `variants`: of tags, those with a second spelling;
    `bare`: of archived opportunities, those that lost all tags; `shared`: of tags of persons, those that a
    posting has as well.
    """

    people: int = 2000
    split: float = 0.25
    postings: int = 60
    affinity: float = 0.35
    renamed: float = 0.15
    deleted: float = 0.15
    edited: float = 0.1
    reorganised: float = 0.0
    persons: int = 30
    candidacies: int = 20
    writers: tuple[str, ...] = ("recruiter", "recruiter", "recruiter", "latest", "first", "all")
    spread: float = 0.6
    copied: float = 0.0
    migrated: float = -1.0
    campaigns: float = 0.15
    sticky: float = 0.1
    noise: float = 0.005
    variants: float = 0.1
    bare: float = 0.0
    shared: float = 0.0


@dataclass
class Job:
    """A posting; `before` is the title that it had until `renamed`; `listed` is how Lever names it today."""

    id: str
    title: str
    department: str
    team: str
    place: str
    kind: str
    own: list[str]
    opens: float
    closes: float
    weight: float
    before: str | None = None
    renamed: float = 0.0
    rewritten: bool = False
    listed: str = "yes"
    since: float = -1e9
    dropped: bool = False


@dataclass(eq=False)
class Candidacy:
    """One opportunity; `tags` is an ordered set."""

    contact: int
    day: float
    job: Job | None
    stage: int
    archived: bool
    origin: str
    tags: dict[str, None] = field(default_factory=dict)

    def tag(self, text: str) -> None:
        self.tags.setdefault(text)


class OfficeAccount:
    """An account before anybody tags by hand; the seed determines every choice."""

    def __init__(self, how: Office, seed: int) -> None:
        self.how, self.rng, self.taken = how, Random(f"{how}{seed}"), set[str]()
        self.truth: dict[str, str] = {}
        self.of_postings: set[str] = set()
        self.renamed_departments: dict[str, str] = {}
        self.jobs = self._jobs()
        self.people = [self._person(number) for number in range(how.people)]
        for job in self.jobs:
            self._derived(job.title, job.team, job.place, job.kind, *job.own, job.department)
            self._derived(self.renamed_departments.get(job.department, job.department))
        for candidacy in self.every():
            self._post(candidacy)

    def every(self) -> list[Candidacy]:
        return [candidacy for person in self.people for candidacy in person]

    def word(self) -> str:
        while True:
            parts = [self._sounds() for _ in range(1 + (self.rng.random() < 0.4))]
            text = self.rng.choice((str.lower, str.title, str.capitalize, str.title))(" ".join(parts))
            if text.casefold() not in self.taken:
                self.taken.add(text.casefold())
                return text

    def _sounds(self) -> str:
        starts = [2 * self.rng.randrange(len(SOUNDS) // 2) for _ in range(self.rng.randint(2, 3))]
        return "".join(SOUNDS[start : start + 2] for start in starts)

    def _derived(self, *texts: str) -> None:
        self.of_postings.update(texts)
        self.truth |= dict.fromkeys(texts, "posting")

    def _words(self, count: int) -> list[str]:
        return [self.word() for _ in range(count)]

    def _jobs(self) -> list[Job]:
        rng, how = self.rng, self.how
        departments = self._words(max(3, min(12, how.postings // 6)))
        teams = {department: self._words(rng.randint(1, 4)) for department in departments}
        places, kinds = self._words(rng.randint(2, 9)), self._words(3)
        owns, titles = self._words(max(3, how.postings // 5)), self._words(max(4, how.postings * 2 // 3))
        self.renamed_departments = {d: self.word() for d in departments if rng.random() < how.reorganised}
        jobs = []
        for number in range(how.postings):
            department, opens = rng.choice(departments), rng.uniform(-200, 1400)
            where = rng.choices(places, [1 / (rank + 1) for rank in range(len(places))])[0]
            job = Job(
                f"posting-{number}", rng.choice(titles), department, rng.choice(teams[department]), where,
                rng.choices(kinds, (0.8, 0.12, 0.08))[0], rng.sample(owns, rng.choice((0, 0, 1, 1, 2))),
                opens, opens + rng.choice((60, 200, 500, 3000)), rng.lognormvariate(0, 1.1),
            )  # fmt: skip
            self._age(job)
            jobs.append(job)
        return jobs

    def _age(self, job: Job) -> None:
        rng, how = self.rng, self.how
        if rng.random() < how.renamed:
            job.before, job.title = job.title, self.word()
            job.renamed, job.rewritten = rng.uniform(job.opens, 1500), rng.random() < 0.4
        if rng.random() < how.deleted:
            job.listed = rng.choice(("id", "id", "nothing"))
        if rng.random() < how.edited:
            job.dropped = rng.random() < 0.5
            job.since = job.since if job.dropped else rng.uniform(job.opens, 1500)

    def _person(self, number: int) -> list[Candidacy]:
        rng, how = self.rng, self.how
        count = 1
        if rng.random() < how.split:
            count = 2
            while count < 8 and rng.random() < 0.35:
                count += 1
        day, known = rng.uniform(0, 1500), ""
        found: list[Candidacy] = []
        for turn in range(count):
            job = self._open(day, known if rng.random() < how.affinity else "")
            found.append(self._candidacy(number, day, job, last=turn == count - 1))
            known, day = job.department if job else known, min(TODAY, day + rng.expovariate(1 / 150))
        return found

    def _open(self, day: float, department: str) -> Job | None:
        if self.rng.random() < 0.04:
            return None
        jobs = [j for j in self.jobs if j.opens <= day <= j.closes and department in ("", j.department)]
        return self.rng.choices(jobs, [job.weight for job in jobs])[0] if jobs else None

    def _candidacy(self, number: int, day: float, job: Job | None, *, last: bool) -> Candidacy:
        rng, stage = self.rng, 0
        while stage < 5 and rng.random() < 0.45:
            stage += 1
        origin = rng.choices(tuple(ORIGINS), tuple(ORIGINS.values()))[0]
        return Candidacy(number, day, job, stage, rng.random() < (0.6 if last else 0.85), origin)

    def _post(self, candidacy: Candidacy) -> None:
        """Tag a candidacy as Lever does, with the texts that its posting had on that day."""
        job, rng = candidacy.job, self.rng
        if not job:
            return
        kept = (
            candidacy.day < job.renamed and not job.rewritten and (candidacy.archived or rng.random() < 0.9)
        )
        title = job.before if job.before and kept else job.title
        after = candidacy.day >= 900
        department = self.renamed_departments.get(job.department, job.department) if after else job.department
        own = job.own if candidacy.day >= job.since else []
        for text in (title, department, job.team, job.place, job.kind, *own):
            self._derived(text)
            if rng.random() < 0.995:
                candidacy.tag(text)

    def listed(self) -> list[Posting]:
        """Return the postings as Lever lists them at the end."""
        return [
            Posting(
                job.id, job.title, job.team, self.renamed_departments.get(job.department, job.department),
                job.place, [job.place], job.kind, None, [] if job.dropped else job.own,
            )
            for job in self.jobs if job.listed == "yes"
        ]  # fmt: skip

    def rows(self) -> list[Row]:
        """Return the opportunities as Lever returns them at the end, in no order."""
        rng = self.rng
        return [
            Row(
                f"contact-{candidacy.contact}", list(candidacy.tags), day=candidacy.day - TODAY,
                archived=candidacy.archived,
                posting=candidacy.job.id if candidacy.job and candidacy.job.listed != "nothing" else None,
                stage=f"stage-{candidacy.stage}", origin=candidacy.origin, updated=rng.random() < 0.3,
                id=f"{rng.getrandbits(64):016x}-{number}",
            )
            for number, candidacy in enumerate(self.every())
        ]  # fmt: skip


def write_office(folder: Path, how: Office, *, seed: int) -> dict[str, str]:
    """Write an account as a snapshot; return its truth (tag to scope, or posting)."""
    from quality.taggers import tag_by_hand

    account = OfficeAccount(how, seed)
    tag_by_hand(account)
    write_snapshot(folder, account.rows(), account.listed())
    return account.truth
