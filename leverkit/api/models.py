"""Lever's objects as frozen values: only the fields that leverkit needs, under Lever's names.

Decoding ignores every other field (Lever adds fields at any time). So names, e-mails and phones in a
response are dropped here, before anything is kept or written.
"""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from leverkit.storage.memory import keep_texts_once

T = TypeVar("T")


class Record(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A value decoded from Lever's camelCase JSON."""


def fields(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """Return Lever's names of the fields of a record, for `include`: Lever then leaves out all others."""
    return tuple(field.encode_name for field in msgspec.structs.fields(kind))


def field_names(kind: type[object]) -> tuple[str, ...]:
    """Return Lever's names of the fields of a record; none of any other type."""
    return fields(kind) if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else ()


class Single(msgspec.Struct, Generic[T], frozen=True):
    """Lever's envelope around one object."""

    data: T


class Listing(msgspec.Struct, Generic[T], frozen=True, rename="camel"):
    """Lever's envelope around a page; the last page has no `next`, in some listings no `hasNext` either."""

    data: list[T]
    has_next: bool | None = None
    next: str | None = None


def single(of: type[T]) -> type[Single[T]]:
    """Return the type of the envelope around one record of this type."""
    return Single[of]  # type: ignore[valid-type]


def listing(of: type[T]) -> type[Listing[T]]:
    """Return the type of the envelope around a page of records of this type."""
    return Listing[of]  # type: ignore[valid-type]


class Archived(Record, frozen=True):
    """When and why an opportunity was archived (milliseconds since epoch, reason id)."""

    archived_at: int | None = None
    reason: str | None = None


class Application(Record, frozen=True):
    """The link of an opportunity to a posting; at most one per opportunity."""

    id: str
    posting: str | None = None


class Opportunity(Record, frozen=True):
    """One candidacy of a person. Times are milliseconds since epoch; `updated_at` is often None.

    `applications` holds ids, or `Application`s if the request expanded them.
    """

    id: str
    contact: str
    tags: tuple[str, ...] = ()
    stage: str | None = None
    confidentiality: str = "non-confidential"
    archived: Archived | None = None
    origin: str | None = None
    sources: tuple[str, ...] = ()
    owner: str | None = None
    applications: tuple[str | Application, ...] = ()
    created_at: int = 0
    updated_at: int | None = None
    last_advanced_at: int | None = None
    is_anonymized: bool = False

    def __post_init__(self) -> None:
        keep_texts_once(self, "contact", "tags", "confidentiality")

    @property
    def postings(self) -> tuple[str, ...]:
        """Return the ids of its postings, if the request expanded its applications."""
        applied = (each for each in self.applications if isinstance(each, Application))
        return tuple(each.posting for each in applied if each.posting)


class DeletedOpportunity(Record, frozen=True):
    """An opportunity in the deleted listing; Lever does not document its other fields there."""

    id: str
    deleted_at: int | None = None


class Categories(Record, frozen=True):
    """The fields of a posting from which Lever derives tags."""

    team: str | None = None
    department: str | None = None
    location: str | None = None
    all_locations: tuple[str, ...] = ()
    commitment: str | None = None
    level: str | None = None


class Posting(Record, frozen=True):
    """A job posting. Its title, categories and tags become tags of its opportunities."""

    id: str
    text: str = ""
    state: str | None = None
    categories: Categories = Categories()
    tags: tuple[str, ...] = ()
    confidentiality: str = "non-confidential"
    created_at: int | None = None
    updated_at: int | None = None


class TagCount(Record, frozen=True):
    """A tag and the number of opportunities, active and archived, that carry it."""

    text: str
    count: int


class Stage(Record, frozen=True):
    """A pipeline stage; ids are uuids or slugs such as `lead-new`."""

    id: str
    text: str


class StageRank(Record, frozen=True):
    """A stage as `GET /disposition_stages` returns it: its rank among all stages, and its pipeline."""

    id: str
    rank: float | None = None
    pipeline: str | None = None


class DispositionStages(Record, frozen=True):
    """The response of `GET /disposition_stages`, which Lever serves but no longer documents."""

    stages: tuple[StageRank, ...] = ()


class Identified(Record, frozen=True):
    """Anything of which only its id is needed."""

    id: str


class User(Record, frozen=True):
    """A user of the account, with the fields that `perform_as` needs."""

    id: str
    email: str | None = None
