"""Tag the opportunities of a firm as parsers, forms, talks, tests and scripts do.

A parser reads each opportunity by itself, so that what is true of a person is on most of their opportunities
and not on all. A form asks the same question again, of which the answers exclude each other.
"""

from __future__ import annotations

from collections.abc import Callable

from quality.firm_tags import new_tag, share_of_people, tag_candidacies
from quality.firms import SCREEN, Account, Candidacy


def _parsed(account: Account) -> None:
    """Make a tag, or a family of them, that a parser reads out of each opportunity with one chance."""
    rng, word = account.rng, account.word()
    rate, share = rng.uniform(0.35, 0.95), share_of_people(account)
    read = rng.choice((None, None, ("applied", "university"), ("sourced", "agency")))
    many = rng.random() < 0.4
    form = rng.choice(("{}: {}", "{}/{}", "{} {}")) if many else "{}{}"
    for _ in range(rng.randint(4, 9) if many else 1):
        part = account.word().lower() if many else ""
        text, mean = new_tag(account, form.format(word, part), "contact"), share * rng.uniform(0.3, 2)
        for person in account.people:
            if rng.random() < mean:
                _tag_each(account, person, text, rate, read)


def _tag_each(
    account: Account, person: list[Candidacy], text: str, rate: float, read: tuple[str, ...] | None
) -> None:
    for candidacy in person:
        if (read is None or candidacy.origin in read) and account.rng.random() < rate:
            candidacy.tag(text)


def _told(account: Account) -> None:
    """Make a tag about persons that somebody learns in a talk, puts there, and on others as they remember."""
    rng, text, share = account.rng, new_tag(account, account.word(), "contact"), 2 * share_of_people(account)
    stage, before, after = rng.randint(1, SCREEN), rng.uniform(0, 0.6), rng.uniform(0.3, 0.9)
    for person in account.people:
        talks = [candidacy for candidacy in person if candidacy.stage >= stage]
        if talks and rng.random() < share:
            here = rng.choice(talks)
            for candidacy in person:
                chance = before if candidacy.day < here.day else after
                if candidacy is here or rng.random() < chance:
                    candidacy.tag(text)


def _scripted(account: Account) -> None:
    """Make a tag about persons that a script put on all that they had on a day; later ones seldom get it."""
    rng, text, share = account.rng, new_tag(account, account.word(), "contact"), 2 * share_of_people(account)
    day, later = rng.uniform(0.3, 0.9) * account.days, rng.choice((0, 0.1, 0.5))
    for person in account.people:
        if rng.random() < share:
            for candidacy in person:
                if candidacy.day <= day or rng.random() < later:
                    candidacy.tag(text)


def _choice(account: Account) -> None:
    """Make the answers to a question that forms ask: one each time, mostly or sometimes the one before."""
    rng, word = account.rng, account.word()
    asked, keeps = rng.uniform(0.3, 0.9), account.how.keeps * rng.uniform(0.5, 1)
    _exclusive(
        account, [f"{word}: {account.word().lower()}" for _ in range(rng.randint(2, 5))], keeps,
        lambda candidacy: candidacy.origin != "sourced" and rng.random() < asked,
    )  # fmt: skip


def _grade(account: Account) -> None:
    """Make the grades of a test, which people take again when they get as far again."""
    rng, word, taken = account.rng, account.word(), account.rng.uniform(0.3, 0.9)
    _exclusive(
        account, [f"{word} {grade}" for grade in "ABCD"], account.how.talent * rng.uniform(0.5, 1),
        lambda candidacy: candidacy.stage >= SCREEN and rng.random() < taken,
    )  # fmt: skip


def _exclusive(
    account: Account, texts: list[str], keeps: float, belongs: Callable[[Candidacy], bool]
) -> None:
    """Give one of some tags to each candidacy to which one belongs: the last one again by chance `keeps`."""
    rng, last, own = account.rng, dict[int, str](), dict[Candidacy, str]()
    for candidacy in account.candidacies:
        if belongs(candidacy):
            known = last.get(candidacy.contact, "")
            own[candidacy] = known if known and rng.random() < keeps else rng.choice(texts)
            last[candidacy.contact] = own[candidacy]
    for text in texts:
        tag_candidacies(account, text, lambda candidacy, text=text: own.get(candidacy) == text)


FORMS: dict[str, Callable[[Account], None]] = {
    "parsed": _parsed, "told": _told, "scripted": _scripted, "choice": _choice, "grade": _grade,
}  # fmt: skip
