"""A believable account from a seed: the same seed gives the same account, tens of thousands of people a second.

About 70 % of the people have one opportunity, 20 % two, 10 % three or more. JSON is written directly
from prepared pieces, since a million objects have to be made in well under a minute.
"""

from __future__ import annotations

import gc
from random import Random

from leverkit.emulator.account import EPOCH_MS, Account
from leverkit.emulator.household import SOURCES, furnish
from leverkit.emulator.openings import DAY, SPAN, Opening, opening, uuid4
from leverkit.emulator.rows import encode
from leverkit.emulator.tagging import Tagger
from leverkit.emulator.vocabulary import PLACES, first_names, last_names

ORIGINS = (
    "sourced",
    "sourced",
    "applied",
    "applied",
    "applied",
    "referred",
    "agency",
    "university",
    "internal",
)


def _json(text: str) -> str:
    return encode(text).decode()


def generate(*, contacts: int = 200, seed: int = 1) -> Account:
    """Return an account with about 1.5 opportunities a contact, and its truth (tag -> scope) set."""
    account, rng = Account(), Random(seed)
    furnish(account, rng)
    city = City(account, rng, contacts)
    gc.disable()
    try:
        for _ in range(contacts):
            city.person()
    finally:
        gc.enable()
    account.truth = city.truth()
    return account


class City:
    """Makes one person after the other, with all their opportunities."""

    def __init__(self, account: Account, rng: Random, contacts: int) -> None:
        self.account, self.rng, self.random = account, rng, rng.random
        self.users = list(account.users)
        count = 6 + min(1500, int(contacts**0.5 * 2))
        self.openings = [opening(rng, self.users) for _ in range(count)]
        account.postings = {each.id: each.object for each in self.openings if not each.deleted}
        self.tagger = Tagger(rng, contacts)
        self.first = [_json(name)[1:-1] for name in first_names(rng)]
        self.last = [_json(name)[1:-1] for name in last_names(rng)]
        self.places = [_json(place) for place in ("", "", "", *PLACES)]
        self.stages = [stage["id"] for stage in account.stages]
        self.reasons = [reason["id"] for reason in account.archive_reasons]
        self.sources = [_json(source) for source in SOURCES]
        self._known: dict[str, str] = {}
        self._made = 0

    def truth(self) -> dict[str, str]:
        """Return the scope of every tag in use; a text that a posting has is a posting's."""
        of_postings = {tag for each in self.openings for tag in (*each.tags, *each.former_tags)}
        scopes = {**self.tagger.truth, **dict.fromkeys(of_postings, "opportunity")}
        return {tag: scopes[tag] for tag in self.account.tags}

    def pick(self, pool: list[str]) -> str:
        """Return one of a pool; faster than random.choice."""
        return pool[int(self.random() * len(pool))]

    def person(self) -> None:
        """Add a contact and its opportunities, oldest first."""
        chance = self.random()
        count = 1 if chance < 0.7 else 2 if chance < 0.9 else 3 + int(3 * self.random() ** 3)
        times = sorted(EPOCH_MS - 30 * DAY - int(self.random() ** 1.5 * SPAN) for _ in range(count))
        closed = [self.random() < (0.45 if place == count - 1 else 0.8) for place in range(count)]
        anonymized = all(closed) and self.random() < 0.03
        person = self._person_json(anonymized)
        contact = uuid4(self.rng)
        tags = self.tagger.about_person(count)
        for place, created in enumerate(times):
            own = [text for text, start, end in tags if start <= place < end]
            self._opportunity(contact, person, created, own, closed[place], anonymized)

    def _person_json(self, anonymized: bool) -> tuple[str, str]:
        """Return the JSON before and after `contact` … `location` that all of a person's opportunities share."""
        if anonymized:
            return '""', '"","phones":[],"emails":[],"links":[]'
        self._made += 1
        first, last = self.pick(self.first), self.pick(self.last)
        email = (
            f'"{"".join(filter(str.isascii, last.lower()))}.{self._made}@example.com"'
            if self.random() < 0.7
            else ""
        )
        phone = f'{{"type":"mobile","value":"555-01{self._made % 100:02}"}}' if self.random() < 0.4 else ""
        link = f'"https://example.com/people/{self._made}"' if self.random() < 0.3 else ""
        rest = f'{self.pick(self.places)},"phones":[{phone}],"emails":[{email}],"links":[{link}]'
        return f'"{first} {last}"', rest

    def _opening(self) -> Opening | None:
        chance = self.random()
        return None if chance < 0.03 else self.openings[int(self.random() ** 1.6 * len(self.openings))]

    def _tag_json(self, tags: list[str]) -> str:
        known = self._known
        for tag in tags:
            if tag not in known:
                known[tag] = _json(tag)
        return ",".join([known[tag] for tag in dict.fromkeys(tags)])

    def _opportunity(
        self,
        contact: str,
        person: tuple[str, str],
        created: int,
        own: list[str],
        closed: bool,
        anonymized: bool,
    ) -> None:
        """Write one opportunity in Lever's key order and insert it."""
        random, rng = self.random, self.rng
        identifier, posting = uuid4(rng), self._opening()
        user, place = self.pick(self.users), int(random() ** 1.5 * len(self.stages))
        advanced = created if place == 0 else created + int(random() * 25 * DAY)
        archived = advanced + int(random() * 5 * DAY) if closed else None
        candidacy = self.tagger.about_candidacy(closed)
        stage = self.stages[place]
        changes = self._changes(place, created, advanced, user)
        if archived is None:
            shelf = "null"
        else:
            shelf = f'{{"reason":"{self.pick(self.reasons)}","archivedAt":{archived}}}'
        last = archived or advanced
        touched = random() < (0.6 if own or candidacy else 0.06)
        tags = [*(posting.tags_of(created, archived) if posting else ()), *own, *candidacy]
        origin = ORIGINS[int(random() * len(ORIGINS))]
        where = f',"opportunityLocation":{_json(posting.location)}' if posting else ""
        url, quoted = "https://hire.lever.co/candidates", f'"{user}"'
        application = f'"{uuid4(rng)}"' if posting else ""
        raw = (
            f'{{"id":"{identifier}","name":{person[0]},"contact":"{contact}","headline":"","stage":"{stage}",'
            f'"confidentiality":"{"confidential" if posting and posting.confidential else "non-confidential"}",'
            f'"location":{person[1]},"archived":{shelf},"tags":[{self._tag_json(tags)}],'
            f'"sources":[{self.pick(self.sources)}],"stageChanges":[{changes}],"origin":"{origin}",'
            f'"sourcedBy":{quoted if origin == "sourced" else "null"},'
            f'"owner":{quoted if random() < 0.9 else "null"},"followers":["{user}"],'
            f'"applications":[{application}],"createdAt":{created},'
            f'"updatedAt":{last + 60_000 if touched else "null"},"lastInteractionAt":{last},"lastAdvancedAt":{last},'
            f'"snoozedUntil":{EPOCH_MS + 9999 * DAY if random() < 0.01 else "null"},'
            f'"urls":{{"list":"{url}","show":"{url}/{identifier}"}},'
            f'"isAnonymized":{"true" if anonymized else "false"},"dataProtection":null{where}}}'
        )
        self.account.insert(raw.encode(), posting.id if posting else None)

    def _changes(self, place: int, created: int, advanced: int, user: str) -> str:
        first = f'{{"toStageId":"{self.stages[0]}","toStageIndex":0,"updatedAt":{created}}}'
        if place == 0:
            return first
        by = f',"userId":"{user}"' if self.random() < 0.5 else ""
        return f'{first},{{"toStageId":"{self.stages[place]}","toStageIndex":{place},"updatedAt":{advanced}{by}}}'
