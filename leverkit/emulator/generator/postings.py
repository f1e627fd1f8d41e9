"""Generated postings with their present tags and those from before a renaming."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from leverkit.emulator.account.account import EPOCH_MS, Object
from leverkit.emulator.account.objects import blank_object
from leverkit.emulator.generator.vocabulary import WORDS, word

DAY = 86_400_000
SPAN = 6 * 365 * DAY


@dataclass(frozen=True)
class GeneratedPosting:
    """A posting, its tags now, and before a renaming if there was one (`renamed_at`, else 0)."""

    id: str
    tags: tuple[str, ...]
    former_tags: tuple[str, ...]
    renamed_at: int
    created: int
    deleted: bool
    confidential: bool
    location: str
    object: Object

    def tags_of(self, archived: int | None) -> tuple[str, ...]:
        """Return the posting tags of an opportunity: a renaming rewrites those of active ones only."""
        if archived is not None and archived < self.renamed_at:
            return self.former_tags
        return self.tags


def uuid4(rng: Random) -> str:
    """Return a seeded uuid v4."""
    number = rng.getrandbits(128)
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{'89ab'[number & 3]}{text[17:20]}-{text[20:]}"


def _title(rng: Random, team: str, invented: bool) -> str:
    level = rng.choice(WORDS.levels)
    of = rng.choice((team, word(rng), team)) if invented else team
    return f"{level}{of} {rng.choice(WORDS.roles)}"


def generate_posting(rng: Random, users: list[str], *, invented: bool = True) -> GeneratedPosting:
    """Return a posting of one of `users`; with `invented`, some titles hold words that do not exist."""
    department = rng.choice(list(WORDS.departments))
    team = rng.choice(WORDS.departments[department])
    location, commitment = rng.choice(WORDS.places), rng.choice(WORDS.commitments)
    title, former_title = _title(rng, team, invented), _title(rng, team, invented)
    own = tuple(rng.sample(WORDS.posting_tags, rng.choice((0, 0, 0, 1, 2))))
    created = EPOCH_MS - 40 * DAY - int(rng.random() * 1.25 * SPAN)
    renamed_at = created + int(rng.random() * (EPOCH_MS - created)) if rng.random() < 0.15 else 0
    rest = (department, team, location, commitment, *own)
    confidential = rng.random() < 0.04
    identifier = uuid4(rng)
    value = blank_posting(identifier, title, (department, team, location, commitment), own)
    value["state"] = rng.choice(("published", "published", "internal", "closed", "closed", "draft"))
    value["confidentiality"] = "confidential" if confidential else "non-confidential"
    value.update(user=rng.choice(users), owner=rng.choice(users), hiringManager=rng.choice(users))
    value.update(createdAt=created, updatedAt=max(created, renamed_at))
    return GeneratedPosting(
        id=identifier,
        tags=tuple(dict.fromkeys((title, *rest))),
        former_tags=tuple(dict.fromkeys((former_title, *rest))),
        renamed_at=renamed_at,
        created=created,
        deleted=rng.random() < 0.12,
        confidential=confidential,
        location=location,
        object=value,
    )


def blank_posting(
    identifier: str, title: str, categories: Sequence[str | None], own: tuple[str, ...]
) -> Object:
    """Return a posting; `categories` are department, team, location and commitment."""
    department, team, location, commitment = categories
    page, names = f"https://jobs.lever.co/example/{identifier}", {"team": team, "department": department}
    places = {"location": location, "allLocations": [location] if location else []}
    description = {
        "description": f"An invented position: {title}.",
        "descriptionHtml": "<p>An invented position.</p>",
    }
    return blank_object(
        "posting",
        id=identifier,
        text=title,
        categories={**names, **places, "commitment": commitment, "level": None},
        tags=list(own),
        content={**description, "lists": [], "closing": "", "closingHtml": ""},
        urls={"list": "https://jobs.lever.co/example", "show": page, "apply": f"{page}/apply"},
        salaryRange=_salary_range(identifier),
    )


def _salary_range(identifier: str) -> Object | None:
    """Return a range on every third posting, by its id: the dice of a seed stay as they fall."""
    number = int(identifier[:8], 16)
    if number % 3:
        return None
    least = 40_000 + 1000 * (number % 60)
    return {"min": least, "max": least + 30_000, "currency": "USD", "interval": "per-year-salary"}
