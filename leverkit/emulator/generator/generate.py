"""Generate a plausible account; the same seed gives the same account. Tens of thousands of people a second.

About 70 % of the people have one opportunity, 20 % two, 10 % three or more; in the story, half have several.
JSON is written directly from prepared pieces: a million objects must take well under a minute.
"""

from __future__ import annotations

from bisect import bisect
from random import Random
from typing import NamedTuple

from leverkit.emulator.account.account import EPOCH_MS, Account, Object, gc_paused
from leverkit.emulator.config import Config
from leverkit.emulator.generator.account_setup import SOURCES, add_accounts_lists, add_lookups
from leverkit.emulator.generator.postings import DAY, SPAN, GeneratedPosting, generate_posting, uuid4
from leverkit.emulator.generator.story import StoryTagger
from leverkit.emulator.generator.tagging import Tagger
from leverkit.emulator.generator.vocabulary import WORDS, first_names, last_names
from leverkit.emulator.response import encode

ORIGINS = ("sourced",) * 2 + ("applied",) * 3 + ("referred", "agency", "university", "internal")
PROTECTED = (
    '{"store":{"allowed":true,"expiresAt":1893456000000},"contact":{"allowed":false,"expiresAt":null}}'
)
URL = "https://hire.lever.co/candidates"


def _json(text: str) -> str:
    return encode(text).decode()


def generate(
    *, contacts: int = 200, seed: int = 1, config: Config | None = None, story: bool = False
) -> Account:
    """Return an account with about 1.5 opportunities per contact; `truth` (tag -> scope) is set.

    With `story` it is the one that newcomers see (see `story`), else one of the hostile ones for tests.
    """
    account, rng = Account(), Random(seed)
    account.config, account.is_generated = config or Config(), True
    add_lookups(account, rng)
    generator = Generator(account, rng, contacts, story=story)
    with gc_paused():
        for _ in range(contacts):
            generator.add_person()
    account.truth = generator.truth()
    add_accounts_lists(account, rng)
    account.lists["deleted_postings"] = generator.deleted_postings()
    return account


class Person(NamedTuple):
    """A contact and what its opportunities share, as JSON: `name`, and `rest` from `location` to `links`."""

    contact: str
    name: str
    rest: str
    anonymized: bool
    protection: str


class Generator:
    """Adds people to an account, each with all opportunities."""

    def __init__(self, account: Account, rng: Random, contacts: int, *, story: bool = False) -> None:
        self.account, self.rng, self.random = account, rng, rng.random
        self.users = list(account.users)
        self.postings = _postings(rng, self.users, contacts, story)
        self.posting_times = [posting.created for posting in self.postings]
        account.postings = {posting.id: posting.object for posting in self.postings if not posting.deleted}
        self.tagger = StoryTagger(rng) if story else Tagger(rng, contacts)
        self.shares = (0.5, 0.82) if story else (0.7, 0.9)  # of people with one, and up to two
        self.first = [_json(name)[1:-1] for name in first_names(rng, hostile=not story)]
        self.last = [_json(name)[1:-1] for name in last_names(rng)]
        self.places = [_json(place) for place in ("", "", "", *WORDS.places)]
        self.stages = [stage["id"] for stage in account.stages]
        self.reasons = [reason["id"] for reason in account.archive_reasons]
        self.sources = [_json(source) for source in SOURCES]
        self.irregular = not account.config.plain_seed
        self.update_share = 1.0 - account.config.updated_null_share
        self._tag_json: dict[str, str] = {}
        self._people = 0

    def truth(self) -> dict[str, str]:
        """Return the scope of every tag in use; a text that is a tag of a posting counts as one."""
        of_postings = {tag for posting in self.postings for tag in (*posting.tags, *posting.former_tags)}
        scopes = {**self.tagger.truth, **dict.fromkeys(of_postings, "opportunity")}
        return {tag: scopes[tag] for tag in self.account.tags}

    def deleted_postings(self) -> list[Object]:
        """Return the postings that are gone, as GET /postings/deleted shows them (section 3.2)."""
        gone = [posting for posting in self.postings if posting.deleted]
        return [{"id": posting.id, "deletedAt": EPOCH_MS - index * DAY} for index, posting in enumerate(gone)]

    def pick(self, pool: list[str]) -> str:
        """Return a random item of a pool; faster than random.choice."""
        return pool[int(self.random() * len(pool))]

    def add_person(self) -> None:
        """Add a contact and its opportunities, oldest first."""
        chance = self.random()
        one, two = self.shares
        count = 1 if chance < one else 2 if chance < two else 3 + int(3 * self.random() ** 3)
        times = sorted(EPOCH_MS - 30 * DAY - int(self.random() ** 1.5 * SPAN) for _ in range(count))
        closed = [self.random() < (0.45 if index == count - 1 else 0.8) for index in range(count)]
        person = self._make_person(all(closed) and self.random() < 0.03)
        tags = self.tagger.person_tags(times)
        for index, created in enumerate(times):
            own = [text for text, start, end in tags if start <= index < end]
            self._opportunity(person, created, own, closed[index])

    def _make_person(self, anonymized: bool) -> Person:
        contact = uuid4(self.rng)
        if anonymized:
            return Person(contact, '""', '"","phones":[],"emails":[],"links":[]', True, "null")
        self._people += 1
        first, last, number = self.pick(self.first), self.pick(self.last), self._people
        user = "".join(filter(str.isascii, last.lower()))
        email = f'"{user}.{number}@example.com"' if self.random() < 0.7 else ""
        phone = _phone(number, self.irregular) if self.random() < 0.4 else ""
        link = f'"https://example.com/people/{number}"' if self.random() < 0.3 else ""
        rest = f'{self.pick(self.places)},"phones":[{phone}],"emails":[{email}],"links":[{link}]'
        return Person(contact, f'"{first} {last}"', rest, False, PROTECTED if number % 9 == 0 else "null")

    def _open_posting(self, created: int) -> GeneratedPosting | None:
        """Return a posting that was open at a time, some more often than others; sometimes None."""
        reach = bisect(self.posting_times, created)
        if reach == 0 or (self.irregular and self.random() < 0.03):
            return None
        return self.postings[int(self.random() ** 1.4 * reach)]

    def _tags(self, tags: list[str]) -> str:
        known = self._tag_json
        for tag in tags:
            if tag not in known:
                known[tag] = _json(tag)
        return ",".join([known[tag] for tag in dict.fromkeys(tags)])

    def _opportunity(self, person: Person, created: int, own: list[str], closed: bool) -> None:
        """Draw one opportunity's posting, stage, times and tags, and insert it."""
        random = self.random
        posting, index = self._open_posting(created), int(random() ** 1.5 * len(self.stages))
        advanced = created if index == 0 else created + int(random() * 25 * DAY)
        archived = advanced + int(random() * 5 * DAY) if closed else None
        candidacy = self.tagger.candidacy_tags(closed)
        updated = random() < self.update_share * (1.7 if own or candidacy else 0.3)
        tags = [*(posting.tags_of(archived) if posting else ()), *own, *candidacy]
        raw = self._write(person, posting, index, (created, advanced, archived), tags, updated)
        self.account.insert(raw.encode(), posting.id if posting else None)

    def _write(
        self,
        person: Person,
        posting: GeneratedPosting | None,
        index: int,
        times: tuple[int, int, int | None],
        tags: list[str],
        updated: bool,
    ) -> str:
        """Return the JSON in Lever's key order."""
        random, (created, advanced, archived) = self.random, times
        identifier, user = uuid4(self.rng), f'"{self.pick(self.users)}"'
        origin, last = ORIGINS[int(random() * len(ORIGINS))], archived or advanced
        reason = self.pick(self.reasons) if archived is not None else ""
        if person.anonymized and reason == self.reasons[0]:
            reason = self.reasons[1]  # Lever never anonymizes a hire
        archived_json = f'{{"reason":"{reason}","archivedAt":{last}}}' if reason else "null"
        confidentiality = "confidential" if posting and posting.confidential else "non-confidential"
        return (
            f'{{"id":"{identifier}","name":{person.name},"contact":"{person.contact}","headline":"",'
            f'"stage":"{self.stages[index]}","confidentiality":"{confidentiality}",'
            f'"location":{person.rest},"archived":{archived_json},"tags":[{self._tags(tags)}],'
            f'"sources":[{self.pick(self.sources)}],"stageChanges":[{self._changes(index, times, user)}],'
            f'"origin":"{origin}","sourcedBy":{user if origin == "sourced" else "null"},'
            f'"owner":{"null" if self.irregular and random() < 0.1 else user},"followers":[{user}],'
            f'"applications":[{_application(self.rng, posting)}],"createdAt":{created},'
            f'"updatedAt":{last + 60_000 if updated else "null"},"lastInteractionAt":{last},'
            f'"lastAdvancedAt":{last},"snoozedUntil":{EPOCH_MS + 9999 * DAY if random() < 0.01 else "null"},'
            f'"urls":{{"list":"{URL}","show":"{URL}/{identifier}"}},'
            f'"isAnonymized":{"true" if person.anonymized else "false"},"dataProtection":{person.protection}'
            f"{_location(posting)}}}"
        )

    def _changes(self, index: int, times: tuple[int, int, int | None], user: str) -> str:
        first = f'{{"toStageId":"{self.stages[0]}","toStageIndex":0,"updatedAt":{times[0]}'
        by = "" if self.irregular and self.random() < 0.6 else f',"userId":{user}'
        if index == 0:
            return f"{first}{by}}}"
        then = f'{{"toStageId":"{self.stages[index]}","toStageIndex":{index},"updatedAt":{times[1]}'
        return f"{first}{by}}},{then}{by}}}"


def _phone(number: int, irregular: bool) -> str:
    """Return a phone; old ones have no type, or null (section 3.5)."""
    kind = ("", '"type":null,')[number % 2] if irregular and number % 5 == 0 else '"type":"mobile",'
    return f'{{{kind}"value":"555-01{number % 100:02}"}}'


def _postings(rng: Random, users: list[str], contacts: int, story: bool) -> list[GeneratedPosting]:
    count = 6 + min(1500, int(contacts**0.5 * 2))
    made = (generate_posting(rng, users, invented=not story) for _ in range(count))
    return sorted(made, key=lambda item: item.created)


def _application(rng: Random, posting: GeneratedPosting | None) -> str:
    return f'"{uuid4(rng)}"' if posting else ""


def _location(posting: GeneratedPosting | None) -> str:
    return f',"opportunityLocation":{_json(posting.location)}' if posting else ""
