"""Tag the candidacies of an office as people and integrations do, then damage some of the tags.

Tags about persons come from recruiters with their habits, tools that tag the latest or the first opportunity,
and integrations that tag all. Tags about candidacies come from campaigns, answers to a question, stages,
departments, agencies, and batches of one requisition. Afterwards some tags are lost, put on others, spelt
otherwise, or dropped on archiving.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from quality.offices import Candidacy, OfficeAccount

Predicate = Callable[[Candidacy], bool]


def tag_by_hand(account: OfficeAccount) -> None:
    """Tag the candidacies of an account, and record the truth about each tag in it."""
    for _ in range(account.how.persons):
        _person_tag(account)
    for _ in range(account.how.candidacies):
        _candidacy_tag(account)
    _age(account)


def _person_tag(account: OfficeAccount) -> None:
    """Give one tag about persons to the opportunities that its writer reaches."""
    rng, how = account.rng, account.how
    owns = sorted({text for job in account.jobs for text in job.own})
    text = rng.choice(owns) if owns and rng.random() < how.shared else account.word()
    account.truth.setdefault(text, "contact")  # a posting's own tag stays one
    share, writer = min(0.25, rng.lognormvariate(-4, 1.1)), rng.choice(how.writers)
    home = rng.choice(account.jobs).department if rng.random() < 0.4 else ""
    start, reach = rng.uniform(-1000, 900), min(1, max(0, rng.gauss(how.spread, 0.2)))
    for person in account.people:
        at_home = any(candidacy.job and candidacy.job.department == home for candidacy in person)
        if rng.random() < share * (1 if not home else 3 if at_home else 0.3):
            event = max(start, person[0].day + rng.expovariate(1 / 120))
            for candidacy in _reached(account, person, writer, event, reach):
                candidacy.tag(text)


def _reached(
    account: OfficeAccount, person: list[Candidacy], writer: str, event: float, reach: float
) -> Iterable[Candidacy]:
    rng, how = account.rng, account.how
    seen = [candidacy for candidacy in person if candidacy.day <= event] or person[:1]
    match writer:
        case "latest":
            chosen = seen[-1:]
        case "first":
            chosen = person[:1]
        case "all":
            chosen = seen + [
                candidacy for candidacy in person if candidacy not in seen and rng.random() < 0.3
            ]
        case _:
            chosen = _habit(account, person, seen, reach)
    if rng.random() < how.copied:
        return person
    if person[0].day < how.migrated and event < how.migrated:
        chosen = chosen + [candidacy for candidacy in person if candidacy.day < how.migrated]
    return chosen


def _habit(
    account: OfficeAccount, person: list[Candidacy], seen: list[Candidacy], reach: float
) -> list[Candidacy]:
    rng = account.rng
    match rng.choices(("all", "newest", "oldest", "active", "some"), (2 * reach, 0.4, 0.2, 0.4, 0.3))[0]:
        case "all":
            return [candidacy for candidacy in person if candidacy in seen or rng.random() < 0.5]
        case "newest":
            return seen[-1:]
        case "oldest":
            return person[:1]
        case "active":
            return [candidacy for candidacy in person if not candidacy.archived] or seen[-1:]
    return [candidacy for candidacy in person if rng.random() < 0.5] or seen[-1:]


def _candidacy_tag(account: OfficeAccount) -> None:
    """Give one tag about candidacies to those that its predicate accepts."""
    rng, how, text = account.rng, account.how, account.word()
    account.truth[text] = "opportunity"
    share, kind = min(0.4, rng.lognormvariate(-3.2, 1)), rng.random()
    makers = (_staged, _chance, _department, _origin, _batch)
    if kind < how.campaigns:
        makers = (_campaign,)
    elif kind < how.campaigns + how.sticky:
        makers = (_answer,)
    passes = rng.choice(makers)(account, share)
    for person in account.people:
        found = [candidacy for candidacy in person if passes(candidacy)]
        if any(candidacy.day < how.migrated for candidacy in found):
            found += [candidacy for candidacy in person if candidacy.day < how.migrated]
        for candidacy in found:
            candidacy.tag(text)


def _campaign(account: OfficeAccount, share: float) -> Predicate:
    rng = account.rng
    day, width, rate = rng.uniform(0, 1400), rng.choice((3, 15, 60)), rng.uniform(0.3, 1)
    yearly, origin = rng.random() < 0.4, rng.choice(("", "applied", "university"))

    def passes(candidacy: Candidacy) -> bool:
        near = abs((candidacy.day - day) % 365) < width if yearly else abs(candidacy.day - day) < width
        return near and origin in ("", candidacy.origin) and rng.random() < rate

    return passes


def _answer(account: OfficeAccount, share: float) -> Predicate:
    """Return a predicate for an answer to a question of the application, which a person mostly repeats."""
    rng, usual = account.rng, dict[int, bool]()
    repeats = rng.uniform(0.3, 0.8)

    def passes(candidacy: Candidacy) -> bool:
        mine = usual.setdefault(candidacy.contact, rng.random() < share)
        return mine if rng.random() < repeats else rng.random() < share

    return passes


def _staged(account: OfficeAccount, share: float) -> Predicate:
    rng = account.rng
    stage, rate = rng.randint(1, 4), rng.uniform(0.2, 0.95)
    return lambda candidacy: candidacy.stage >= stage and rng.random() < rate


def _chance(account: OfficeAccount, share: float) -> Predicate:
    return lambda candidacy: account.rng.random() < share


def _department(account: OfficeAccount, share: float) -> Predicate:
    rng = account.rng
    department, rate = rng.choice(account.jobs).department, rng.uniform(0.05, 0.5)
    return lambda candidacy: (
        bool(candidacy.job and candidacy.job.department == department) and rng.random() < rate
    )


def _origin(account: OfficeAccount, share: float) -> Predicate:
    rng = account.rng
    origin, rate = rng.choice(("agency", "referred", "sourced")), rng.uniform(0.1, 0.8)
    return lambda candidacy: candidacy.origin == origin and rng.random() < rate


def _batch(account: OfficeAccount, share: float) -> Predicate:
    rng = account.rng
    jobs, rate = rng.sample(account.jobs, 1 + (rng.random() < 0.4)), rng.uniform(0.3, 0.8)
    return lambda candidacy: candidacy.job in jobs and rng.random() < rate


def _age(account: OfficeAccount) -> None:
    """Lose taggings, move them to others, spell them otherwise, or drop them on archived opportunities."""
    rng, how, every = account.rng, account.how, account.every()
    spelt = _spellings(account)
    for candidacy in every:
        if candidacy.archived and rng.random() < how.bare:
            candidacy.tags.clear()
        for text in [text for text in candidacy.tags if text not in account.of_postings]:
            fate = rng.random()
            if fate < how.noise:
                del candidacy.tags[text]
            elif fate < 2 * how.noise:
                rng.choice(every).tag(text)
            elif text in spelt and rng.random() < spelt[text][1]:
                del candidacy.tags[text]
                candidacy.tag(spelt[text][0])


def _spellings(account: OfficeAccount) -> dict[str, tuple[str, float]]:
    """Return for some tags made by hand a second spelling and how often it is used."""
    rng, found = account.rng, dict[str, tuple[str, float]]()
    for text in sorted(set(account.truth) - account.of_postings):
        forms = (text.lower(), text.upper(), text + " ", text.replace(" ", "-"), text + text[-1])
        second = rng.choice(forms)
        if rng.random() < account.how.variants and second not in account.truth:
            found[text] = second, rng.uniform(0.03, 0.3)
            account.truth[second] = account.truth[text]
    return found
