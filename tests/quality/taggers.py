"""Who tags the candidacies of an office by hand or by integration, and what becomes of the tags.

About persons: recruiters with their habits, tools that tag the latest or the first opportunity, integrations
that tag all. About candidacies: campaigns, answers to a question, stages passed, departments, agencies,
batches of one requisition. Afterwards: losses, strays, second spellings, archived ones without tags.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from quality.offices import Candidacy, World

Test = Callable[[Candidacy], bool]


def tag_by_hand(world: World) -> None:
    """Tag the candidacies of a world, and write the truth about each tag into it."""
    for _ in range(world.how.persons):
        _person_tag(world)
    for _ in range(world.how.candidacies):
        _candidacy_tag(world)
    _age(world)


def _person_tag(world: World) -> None:
    """Give one tag about persons, each time to the opportunities that its writer reaches."""
    rng, how = world.rng, world.how
    owns = sorted({text for job in world.jobs for text in job.own})
    text = rng.choice(owns) if owns and rng.random() < how.shared else world.word()
    world.truth.setdefault(text, "contact")  # a posting's own tag stays one
    share, writer = min(0.25, rng.lognormvariate(-4, 1.1)), rng.choice(how.writers)
    home = rng.choice(world.jobs).department if rng.random() < 0.4 else ""
    start, reach = rng.uniform(-1000, 900), min(1, max(0, rng.gauss(how.spread, 0.2)))
    for person in world.people:
        at_home = any(one.job and one.job.department == home for one in person)
        if rng.random() < share * (1 if not home else 3 if at_home else 0.3):
            event = max(start, person[0].day + rng.expovariate(1 / 120))
            for one in _reached(world, person, writer, event, reach):
                one.tag(text)


def _reached(
    world: World, person: list[Candidacy], writer: str, event: float, reach: float
) -> Iterable[Candidacy]:
    rng, how = world.rng, world.how
    seen = [one for one in person if one.day <= event] or person[:1]
    match writer:
        case "latest":
            chosen = seen[-1:]
        case "first":
            chosen = person[:1]
        case "all":
            chosen = seen + [one for one in person if one not in seen and rng.random() < 0.3]
        case _:
            chosen = _habit(world, person, seen, reach)
    if rng.random() < how.copied:
        return person
    if person[0].day < how.migrated and event < how.migrated:
        chosen = chosen + [one for one in person if one.day < how.migrated]
    return chosen


def _habit(world: World, person: list[Candidacy], seen: list[Candidacy], reach: float) -> list[Candidacy]:
    rng = world.rng
    match rng.choices(("all", "newest", "oldest", "active", "some"), (2 * reach, 0.4, 0.2, 0.4, 0.3))[0]:
        case "all":
            return [one for one in person if one in seen or rng.random() < 0.5]
        case "newest":
            return seen[-1:]
        case "oldest":
            return person[:1]
        case "active":
            return [one for one in person if not one.archived] or seen[-1:]
    return [one for one in person if rng.random() < 0.5] or seen[-1:]


def _candidacy_tag(world: World) -> None:
    """Give one tag about candidacies to those that pass its test."""
    rng, how, text = world.rng, world.how, world.word()
    world.truth[text] = "opportunity"
    share, kind = min(0.4, rng.lognormvariate(-3.2, 1)), rng.random()
    makers = (_staged, _chance, _department, _origin, _batch)
    if kind < how.campaigns:
        makers = (_campaign,)
    elif kind < how.campaigns + how.sticky:
        makers = (_answer,)
    passes = rng.choice(makers)(world, share)
    for person in world.people:
        found = [one for one in person if passes(one)]
        if any(one.day < how.migrated for one in found):
            found += [one for one in person if one.day < how.migrated]
        for one in found:
            one.tag(text)


def _campaign(world: World, share: float) -> Test:
    rng = world.rng
    day, width, rate = rng.uniform(0, 1400), rng.choice((3, 15, 60)), rng.uniform(0.3, 1)
    yearly, origin = rng.random() < 0.4, rng.choice(("", "applied", "university"))

    def passes(one: Candidacy) -> bool:
        near = abs((one.day - day) % 365) < width if yearly else abs(one.day - day) < width
        return near and origin in ("", one.origin) and rng.random() < rate

    return passes


def _answer(world: World, share: float) -> Test:
    """An answer to a question of the application, which a person mostly repeats."""
    rng, usual = world.rng, dict[int, bool]()
    repeats = rng.uniform(0.3, 0.8)

    def passes(one: Candidacy) -> bool:
        mine = usual.setdefault(one.contact, rng.random() < share)
        return mine if rng.random() < repeats else rng.random() < share

    return passes


def _staged(world: World, share: float) -> Test:
    rng = world.rng
    stage, rate = rng.randint(1, 4), rng.uniform(0.2, 0.95)
    return lambda one: one.stage >= stage and rng.random() < rate


def _chance(world: World, share: float) -> Test:
    return lambda one: world.rng.random() < share


def _department(world: World, share: float) -> Test:
    rng = world.rng
    department, rate = rng.choice(world.jobs).department, rng.uniform(0.05, 0.5)
    return lambda one: bool(one.job and one.job.department == department) and rng.random() < rate


def _origin(world: World, share: float) -> Test:
    rng = world.rng
    origin, rate = rng.choice(("agency", "referred", "sourced")), rng.uniform(0.1, 0.8)
    return lambda one: one.origin == origin and rng.random() < rate


def _batch(world: World, share: float) -> Test:
    rng = world.rng
    jobs, rate = rng.sample(world.jobs, 1 + (rng.random() < 0.4)), rng.uniform(0.3, 0.8)
    return lambda one: one.job in jobs and rng.random() < rate


def _age(world: World) -> None:
    """Let taggings be lost or go astray, be spelt otherwise, or go with the archiving."""
    rng, how, every = world.rng, world.how, world.every()
    spelt = _spellings(world)
    for one in every:
        if one.archived and rng.random() < how.bare:
            one.tags.clear()
        for text in [text for text in one.tags if text not in world.of_postings]:
            fate = rng.random()
            if fate < how.noise:
                del one.tags[text]
            elif fate < 2 * how.noise:
                rng.choice(every).tag(text)
            elif text in spelt and rng.random() < spelt[text][1]:
                del one.tags[text]
                one.tag(spelt[text][0])


def _spellings(world: World) -> dict[str, tuple[str, float]]:
    """Return for some tags made by hand a second spelling and how often it is used."""
    rng, found = world.rng, dict[str, tuple[str, float]]()
    for text in sorted(set(world.truth) - world.of_postings):
        forms = (text.lower(), text.upper(), text + " ", text.replace(" ", "-"), text + text[-1])
        second = rng.choice(forms)
        if rng.random() < world.how.variants and second not in world.truth:
            found[text] = second, rng.uniform(0.03, 0.3)
            world.truth[second] = world.truth[text]
    return found
