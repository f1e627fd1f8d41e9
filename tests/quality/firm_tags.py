"""Tag the opportunities of a firm as people and integrations do, and record the truth about each tag.

A maker makes one tag, or a family of tags of one template. Tags about persons are put on some of their
opportunities, by the habit of whoever tags; tags of candidacies on those to which they belong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count

from quality.firms import OFFER, ONSITE, SCREEN, YEAR, Account, Candidacy

Person = list[Candidacy]
Belongs = Callable[[Candidacy], bool]
Maker = Callable[[Account], None]
_NAMES = ("{}", "{}", "{} speaker", "knows {}", "{} list")
_SEASONS = ("push", "drive", "sprint", "blitz")
_OUTCOMES = {
    "Offer declined": ("Offer declined", OFFER), "No show": ("Withdrew", SCREEN),
    "Withdrew late": ("Withdrew", ONSITE), "Reject letter sent": ("Underqualified", SCREEN),
    "Ghosted": ("No response", 2), "Role closed": ("Position closed", 2),
}  # fmt: skip
_STEPS = (
    "Phone screen booked", "Take-home sent", "Onsite booked", "References asked", "Debrief done",
    "Second call", "Offer out", "Test passed", "Calendar invite sent", "Panel held",
)  # fmt: skip


def tag_by_hand(account: Account, more: Mapping[str, Maker]) -> None:
    """Tag the candidacies of an account, with `MAKERS` and more of them, then damage some of the tags."""
    makers = {**MAKERS, **more}
    for name, number in account.how.number.items():
        for _ in range(number):
            makers[name](account)
    _damage(account)


def new_tag(account: Account, text: str, scope: str) -> str:
    """Record a tag of this text, or of the first variant of it that the account has not used."""
    free = next(name for n in count(1) if (name := text if n == 1 else f"{text} {n}") not in account.truth)
    account.truth[free] = scope
    return free


def share_of_people(account: Account) -> float:
    return min(0.3, account.rng.lognormvariate(account.how.share, 1.0))


def _years(account: Account) -> Iterator[tuple[int, float]]:
    """Yield the years of the account: the number, and the day on which it begins."""
    return ((2018 + turn, turn * YEAR) for turn in range(max(1, int(account.how.years))))


# Tags about persons


def _habit(account: Account) -> str:
    return account.rng.choices(list(account.how.habits), list(account.how.habits.values()))[0]


def _trait(account: Account) -> None:
    rng = account.rng
    text = new_tag(account, rng.choice(_NAMES).format(account.word()), "contact")
    _tag_persons(
        account, text, share_of_people(account), _habit(account), since=rng.uniform(-1500, account.days / 2)
    )


def _template(account: Account) -> None:
    """Make a family of tags about persons: of one integration, which has one habit."""
    rng, word, habit = account.rng, account.word().lower(), _habit(account)
    match rng.randrange(4):
        case 0:
            for year, day in _years(account):
                text = new_tag(account, f"{word}:{year}", "contact")
                _tag_persons(account, text, 2 * share_of_people(account), habit, since=day, until=day + YEAR)
            return
        case 1:
            texts = [f"{word}-score:{score}" for score in range(50, 100, 5)]
        case 2:
            texts = [f"{word}/{account.word().lower()}" for _ in range(rng.randint(3, 10))]
        case _:
            texts = [f"{word} level {level}" for level in "ABCDE"]
    share = share_of_people(account)
    for text in texts:
        new = new_tag(account, text, "contact")
        _tag_persons(account, new, share * rng.uniform(0.1, 1), habit, since=-1000)


def _brief(account: Account) -> None:
    """Make a tag about persons that was given for a month only."""
    since = account.rng.uniform(200, account.days - 60)
    text = new_tag(account, account.word(), "contact")
    _tag_persons(account, text, 4 * share_of_people(account), _habit(account), since=since, until=since + 30)


def _tag_persons(
    account: Account, text: str, share: float, habit: str, *, since: float, until: float = 1e9
) -> None:
    rng = account.rng
    for person in account.people:
        if rng.random() >= share:
            continue
        event = max(since, person[0].day + rng.expovariate(1 / 200))
        if event < until and (event <= account.days or habit in ("every", "first")):
            usual = habit if rng.random() < 0.85 else _habit(account)
            for candidacy in _reached(account, person, usual, event):
                candidacy.tag(text)


def _reached(account: Account, person: Person, habit: str, event: float) -> Sequence[Candidacy]:
    """Return the opportunities on which somebody with a habit puts a tag about a person."""
    rng, how = account.rng, account.how
    known = [candidacy for candidacy in person if candidacy.day <= event] or person[:1]
    if event < how.migrated:
        return [candidacy for candidacy in person if candidacy.day < how.migrated] or known
    match habit:
        case "every":
            return person
        case "known":
            return known
        case "open":
            return [candidacy for candidacy in known if not candidacy.reason] or known[-1:]
        case "latest":
            return known[-1:]
        case "first":
            return person[:1]
    return [candidacy for candidacy in person if rng.random() < 0.6] or known[-1:]


# Tags of candidacies


def tag_candidacies(account: Account, text: str, belongs: Belongs) -> None:
    """Give a tag of candidacies to those to which it belongs, and sometimes to others of the person."""
    rng, how, new = account.rng, account.how, new_tag(account, text, "opportunity")
    for person in account.people:
        found = [candidacy for candidacy in person if belongs(candidacy)]
        if found and rng.random() < how.spilt:
            found = person
        elif any(candidacy.day < how.migrated for candidacy in found):
            found = found + [candidacy for candidacy in person if candidacy.day < how.migrated]
        for candidacy in found:
            candidacy.tag(new)


def _chosen_people(account: Account, share: float) -> Callable[[int], bool]:
    """Return a choice of people that stays the same for all opportunities of one of them."""
    chosen: dict[int, bool] = {}
    return lambda contact: chosen.setdefault(contact, account.rng.random() < share)


def _in_window(account: Account, text: str, day: float, width: float, origin: str = "") -> None:
    """Make a tag that people get on all that they have in a window of days."""
    chosen = _chosen_people(account, account.rng.uniform(0.1, 0.9))
    tag_candidacies(
        account, text, lambda c: day <= c.day < day + width and origin in ("", c.origin) and chosen(c.contact)
    )


def _campaign(account: Account) -> None:
    rng, word = account.rng, account.word()
    season, width, origin = rng.uniform(0, 300), rng.choice((4, 15, 45)), rng.choice(("", "", "university"))
    for year, day in _years(account):
        _in_window(account, f"{word} leads {year}", day + season, width, origin)


def _push(account: Account) -> None:
    rng, word = account.rng, account.rng.choice(_SEASONS)
    for year, day in rng.sample(list(_years(account)), k=min(2, int(account.how.years))):
        for quarter in range(1, 5):
            _in_window(account, f"Q{quarter} {year} {word}", day + 91 * (quarter - 1), 91)


def _upload(account: Account) -> None:
    word = account.rng.choice(("upload", "import", "csv", "migration file", "list of"))
    for day in account.imports:
        date = f"{2018 + int(day // YEAR)}-{1 + int(day % YEAR // 31):02d}"
        _in_window(account, f"{word} {date}", day - 0.5, 1.5 + 8 * (account.rng.random() < 0.3))


def _batch(account: Account) -> None:
    rng, day, word = (
        account.rng,
        account.rng.uniform(0, account.days / 2),
        account.rng.choice(("Batch", "Wave")),
    )
    for number in range(1, rng.randint(3, 8)):
        width = rng.choice((5, 20, 60))
        _in_window(account, f"{word} {number}", day, width)
        day += width + rng.uniform(0, 100)


def _step(account: Account) -> None:
    rng, rate = account.rng, account.rng.uniform(0.2, 0.9)
    stage = rng.choice((SCREEN, SCREEN, ONSITE, OFFER))
    tag_candidacies(account, rng.choice(_STEPS), lambda c: c.stage >= stage and rng.random() < rate)


def _outcome(account: Account) -> None:
    rng, rate = account.rng, account.rng.uniform(0.3, 0.95)
    text, (reason, stage) = rng.choice(list(_OUTCOMES.items()))
    tag_candidacies(account, text, lambda c: c.reason == reason and c.stage >= stage and rng.random() < rate)


def _cohort(account: Account) -> None:
    rng, word, rate = account.rng, account.word(), account.rng.uniform(0.3, 0.95)
    departments = {job.department for job in rng.sample(account.jobs, k=min(4, len(account.jobs)))}
    for year, day in _years(account):
        tag_candidacies(
            account, f"{word} {year}",
            lambda c, day=day: (
                day + 180 <= c.day < day + 180 + YEAR
                and c.job is not None and c.job.department in departments and rng.random() < rate
            ),
        )  # fmt: skip


def _bonus(account: Account) -> None:
    rng, rate = account.rng, account.rng.uniform(0.4, 0.95)
    stage, text = (
        rng.choice((SCREEN, OFFER)),
        rng.choice(("Referral bonus due", "Bonus paid", "Referrer told")),
    )
    tag_candidacies(
        account, text, lambda c: c.origin == "referred" and c.stage >= stage and rng.random() < rate
    )


def _agency(account: Account) -> None:
    rng = account.rng
    for source in account.sources["agency"]:
        rate = rng.uniform(0.3, 0.95)
        tag_candidacies(
            account,
            f"via {source}",
            lambda c, source=source, rate=rate: c.source == source and rng.random() < rate,
        )


def _channel(account: Account) -> None:
    rng, rate = account.rng, account.rng.uniform(0.1, 0.8)
    source = rng.choice([name for names in account.sources.values() for name in names])
    tag_candidacies(account, f"{source} inbound", lambda c: c.source == source and rng.random() < rate)


def _requisition(account: Account) -> None:
    rng, rate = account.rng, account.rng.uniform(0.1, 0.7)
    jobs = rng.sample(account.jobs, k=rng.choice((1, 2, 4)))
    tag_candidacies(
        account, f"req {rng.randrange(100, 999)} shortlist", lambda c: c.job in jobs and rng.random() < rate
    )


def _chance(account: Account) -> None:
    share = share_of_people(account)
    text = account.rng.choice(("{}", "{}", "{} pile", "{} list")).format(account.word())
    tag_candidacies(account, text, lambda c: account.rng.random() < share)


def _answer(account: Account) -> None:
    """Make the answer to a question of the application, which people mostly repeat."""
    rng, repeats, share = account.rng, account.rng.uniform(0.2, 0.6), 2 * share_of_people(account)
    usual = _chosen_people(account, share)

    def belongs(candidacy: Candidacy) -> bool:
        return usual(candidacy.contact) if rng.random() < repeats else rng.random() < share

    text = account.rng.choice(("{}: yes", "{}", "{}?")).format(account.word())
    tag_candidacies(account, text, belongs)


def _recruiter(account: Account) -> None:
    rng, owner, rate = account.rng, account.rng.choice(account.owners), account.rng.uniform(0.05, 0.6)
    tag_candidacies(account, f"{account.word()}'s desk", lambda c: c.owner == owner and rng.random() < rate)


MAKERS: dict[str, Maker] = {
    "trait": _trait, "template": _template, "brief": _brief, "campaign": _campaign, "push": _push,
    "upload": _upload, "batch": _batch, "step": _step, "outcome": _outcome, "cohort": _cohort,
    "bonus": _bonus, "agency": _agency, "channel": _channel, "requisition": _requisition,
    "chance": _chance, "answer": _answer, "recruiter": _recruiter,
}  # fmt: skip


def _damage(account: Account) -> None:
    """Lose taggings, put some elsewhere, and strip archived opportunities."""
    rng, how = account.rng, account.how
    for candidacy in account.candidacies:
        if candidacy.reason and rng.random() < how.stripped:
            candidacy.tags.clear()
        for text in list(_by_hand(account, candidacy.tags)):
            fate = rng.random()
            if fate < how.lost + how.stray:
                del candidacy.tags[text]
            if how.lost <= fate < how.lost + how.stray:
                rng.choice(account.candidacies).tag(text)


def _by_hand(account: Account, tags: Iterable[str]) -> Iterator[str]:
    return (text for text in tags if account.truth[text] != "posting")
