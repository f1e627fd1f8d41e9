"""Generate accounts of eight kinds of firm: a third family to measure suggestions on.

Written from the facts about Lever: people apply for several postings in the same week or come back years
later, are imported in one upload, get far or not as they did before, and come by the channel they know;
postings are renamed, deleted, posted again. `firm_kinds` has the kinds, `firm_tags` says who tags what. No
rule of how a suggestion is made was used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from quality.firm_kinds import Firm
from support.snapshot_factory import Posting, Row, stage_id, write_snapshot

YEAR = 365.0
SOUNDS = "babebodadedifafegagohahejakekilalilomamemonaninopaperarirosasetatitovaviwa"
STAGES = ("New lead", "Reached out", "New applicant", "Phone screen", "Onsite", "Offer")
SCREEN, ONSITE, OFFER = 3, 4, 5
ORIGINS = ("applied", "sourced", "referred", "agency", "university")


@dataclass
class Job:
    """A posting, as Lever listed it when people applied; `listed` is what is left of it today."""

    id: str
    title: str
    team: str
    department: str
    location: str
    commitment: str
    own: list[str]
    opens: float
    closes: float
    weight: float
    listed: str = "yes"
    today: str = ""

    @property
    def tags(self) -> list[str]:
        """Return what Lever tags an opportunity of the posting with."""
        return [self.title, self.department, self.team, self.location, self.commitment, *self.own]


@dataclass(eq=False)
class Candidacy:
    """One opportunity; `stage` is how far it got, `reason` why it is archived; `tags` is an ordered set."""

    contact: int
    day: float
    job: Job | None
    origin: str
    source: str
    owner: str
    stage: int
    reason: str = ""
    tags: dict[str, None] = field(default_factory=dict)

    def tag(self, text: str) -> None:
        """Add a tag."""
        self.tags.setdefault(text)


class Account:
    """People, postings and opportunities before anybody tags by hand; the seed determines every choice."""

    def __init__(self, how: Firm, seed: int) -> None:
        self.how, self.rng, self.taken = how, Random(f"{how}{seed}"), set[str]()
        self.days = how.years * YEAR
        self.truth: dict[str, str] = {}
        self.owners = [f"user-{number}" for number in range(max(3, how.people // 400))]
        self.sources = {origin: [self.word() for _ in range(self.rng.randint(2, 6))] for origin in ORIGINS}
        self.imports = sorted(self.rng.uniform(0, self.days) for _ in range(self.rng.randint(2, 8)))
        self.jobs = self._jobs()
        self.people = [self._person(number) for number in range(how.people)]
        for _ in range(how.orphans):
            self._orphan()
        self.candidacies = [candidacy for person in self.people for candidacy in person]

    def word(self) -> str:
        """Return a word that the account has not used."""
        while True:
            starts = [2 * self.rng.randrange(len(SOUNDS) // 2) for _ in range(self.rng.randint(3, 4))]
            text = "".join(SOUNDS[start : start + 2] for start in starts).capitalize()
            if text not in self.taken:
                self.taken.add(text)
                return text

    def _jobs(self) -> list[Job]:
        rng, how = self.rng, self.how
        departments = {self.word(): [self.word(), self.word()] for _ in range(3 + how.postings // 25)}
        places, titles = [self.word() for _ in range(6)], [self.word() for _ in range(how.postings * 2 // 3)]
        owns = [self.word() for _ in range(how.postings // 8)]
        jobs: list[Job] = []
        for number in range(how.postings):
            department, opens = rng.choice(list(departments)), rng.uniform(-300, self.days - 60)
            job = Job(
                f"posting-{number}", f"{rng.choice(titles)} lead", rng.choice(departments[department]),
                department, rng.choice(places), rng.choice(("Full-time", "Full-time", "Contract")),
                rng.sample(owns, rng.choice((0, 0, 1))) if owns else [], opens,
                opens + rng.choice((90, 300, 2000)), rng.lognormvariate(0, 1),
            )  # fmt: skip
            jobs += self._aged(job)
        self.truth |= {tag: "posting" for job in jobs for tag in [*job.tags, job.today] if tag}
        return jobs

    def _aged(self, job: Job) -> list[Job]:
        """Return a posting with what became of it, and the one that took its place."""
        rng, how = self.rng, self.how
        if rng.random() < how.deleted:
            job.listed = rng.choice(("id", "no"))
            job.title = f"{self.word()} {rng.choice(('engineer', 'manager', 'intern'))}"
            if rng.random() < how.again:
                job.closes = job.opens + 150
                opens, later = job.closes + 30, rng.uniform(200, 600)
                return [job, replace(job, id=f"{job.id}-again", opens=opens, closes=opens + later)]
        elif rng.random() < how.renamed:
            job.today = f"{self.word()} lead"
        return [job]

    def _person(self, number: int) -> list[Candidacy]:
        rng, how = self.rng, self.how
        channel, talent = self._channel(), rng.random()
        day, found = self._first_day(), list[Candidacy]()
        while True:
            known = found[-1].job if found and rng.random() < how.loyal else None
            way = channel if rng.random() < how.usual else self._channel()
            found.append(self._candidacy(number, day, known, way, talent))
            again = how.returning if len(found) == 1 else how.more
            close = rng.random() < how.together
            day += rng.uniform(0, 12) if close else 25 + rng.expovariate(1 / how.gap)
            if rng.random() >= again or day > self.days or len(found) > 8:
                return found

    def _orphan(self) -> None:
        """Add a deleted posting that three to six people applied for, and most of them again."""
        rng, like, listed = self.rng, self.rng.choice(self.jobs), self.rng.choice(("id", "no"))
        title, opens = f"{self.word()} fellow", rng.uniform(0, self.days - 200)
        self.truth[title] = "posting"
        homes = [
            Job(f"{title}-{turn}", title, like.team, like.department, like.location, like.commitment, [],
                opens + 200 * turn, opens + 200 * turn + 150, 0.0, listed) for turn in range(2)
        ]  # fmt: skip
        for person in rng.sample(self.people, k=rng.randint(3, 6)):
            for home in homes[: 1 + (rng.random() < 0.7)]:
                day, way = rng.uniform(home.opens, home.closes), self._channel()
                made = self._candidacy(person[0].contact, day, None, way, rng.random(), home)
                person.append(made)
            person.sort(key=lambda candidacy: candidacy.day)

    def _channel(self) -> tuple[str, str]:
        origin = self.rng.choices(ORIGINS, self.how.origins)[0]
        return origin, self.rng.choice(self.sources[origin])

    def _first_day(self) -> float:
        rng = self.rng
        if rng.random() < self.how.imported:
            return rng.choice(self.imports) + rng.uniform(0, 0.1)
        if rng.random() < self.how.seasonal:
            return rng.randrange(max(1, int(self.how.years))) * YEAR + rng.gauss(260, 25)
        return rng.uniform(0, self.days)

    def _candidacy(
        self,
        number: int,
        day: float,
        known: Job | None,
        channel: tuple[str, str],
        talent: float,
        job: Job | None = None,
    ) -> Candidacy:
        rng, how = self.rng, self.how
        if job is None and rng.random() >= how.bare:
            job = self._open(day, known)
        chance = how.talent * talent + (1 - how.talent) * rng.random()
        stage = 0 if job is None else 2
        while stage < OFFER and rng.random() < 0.25 + 0.5 * chance:
            stage += 1
        made = Candidacy(number, day, job, *channel, rng.choice(self.owners), stage, self._reason(stage))
        for tag in job.tags if job else ():
            made.tag(tag)
        return made

    def _open(self, day: float, known: Job | None) -> Job | None:
        jobs = [job for job in self.jobs if job.opens <= day < job.closes]
        near = [job for job in jobs if known and job.department == known.department]
        same = [job for job in near if known and job.title == known.title]
        chosen = same or near or jobs
        return self.rng.choices(chosen, [job.weight for job in chosen])[0] if chosen else None

    def _reason(self, stage: int) -> str:
        rng = self.rng
        if rng.random() < 0.3:
            return ""
        if stage == OFFER:
            return rng.choice(("Hired", "Hired", "Offer declined"))
        return rng.choice(("Underqualified", "Underqualified", "Withdrew", "No response", "Position closed"))


def rows(account: Account) -> Sequence[Row]:
    """Return the opportunities as Lever returns them today."""
    return [
        Row(
            f"contact-{made.contact}", [_today(tag, made.job) for tag in made.tags],
            None if made.job is None or made.job.listed == "no" else made.job.id, day=made.day - account.days,
            archived=bool(made.reason), reason=made.reason, stage=stage_id(STAGES[made.stage]),
            origin=made.origin, source=made.source, owner=made.owner,
        )
        for made in account.candidacies
    ]  # fmt: skip


def _today(tag: str, job: Job | None) -> str:
    return job.today if job and job.today and tag == job.title else tag


def write_firm(folder: Path, how: Firm, *, seed: int) -> dict[str, str]:
    """Write an account as a snapshot; return its truth (tag to scope, or posting)."""
    from quality.firm_forms import FORMS
    from quality.firm_tags import tag_by_hand

    account = Account(how, seed)
    tag_by_hand(account, FORMS)
    listed = [
        Posting(job.id, job.today or job.title, job.team, job.department, job.location,
                commitment=job.commitment, tags=job.own)
        for job in account.jobs if job.listed == "yes"
    ]  # fmt: skip
    write_snapshot(folder, rows(account), listed, stages=STAGES)
    return account.truth
