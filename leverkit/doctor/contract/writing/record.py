"""The record of what write probes did to a test opportunity, so that its tags can be put back after a kill.

It names the opportunity and its tags as they are: it is for its owner, and is not passed on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from leverkit.doctor.contract.exchange import Exchange
from leverkit.doctor.contract.writing.step import Write
from leverkit.errors import UsageError
from leverkit.storage.files import read, write_atomic

FILE = "test-opportunity.json"


class Written(msgspec.Struct, frozen=True):
    """One write, and the status of its answer."""

    verb: str
    body: dict[str, Any]
    status: int | None


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """The tags that the opportunity had, everything that was written, and whether the tags were put back.

    `archived` says if it was archived; None in records of an older leverkit. `opportunity` is empty where one
    was asked for and no answer is noted: if it is there, its contact has this `email`.
    """

    opportunity: str
    email: str = ""
    before: list[str]
    archived: bool | None = None
    created: bool = False
    after: list[str] = []
    put_back: bool = False
    writes: list[Written] = []

    def save(self, folder: Path) -> None:
        """Write the record, on disk when this returns."""
        write_atomic(folder / FILE, msgspec.json.format(msgspec.json.encode(self)))


class RecordKeeper:
    """The record in its file, which is written anew after each write."""

    def __init__(self, folder: Path, record: Record) -> None:
        self._folder, self.record = folder, record
        record.save(folder)

    def note(self, write: Write, exchange: Exchange) -> None:
        """Add a write to the record."""
        written = Written(write.verb, dict(write.body), exchange.status)
        self.change(writes=[*self.record.writes, written])

    def change(self, **fields: Any) -> None:
        """Change the record and write it."""
        self.record = msgspec.structs.replace(self.record, **fields)
        self.record.save(self._folder)


def unfinished(folder: Path, opportunity: str | None) -> Record | None:
    """Return the record of an earlier check whose tags were not put back; None where there is none.

    Without an `opportunity`, one that the earlier check created is meant. Raises UsageError where the record
    is of another opportunity, or damaged.
    """
    path = folder / FILE
    try:
        record = msgspec.json.decode(read(path), type=Record)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise UsageError(f"{path} is no record of a test opportunity: {error}") from None
    if record.put_back:
        return None
    if record.opportunity != opportunity and (opportunity or not record.created):
        named = "name that one first" if record.opportunity else "without --test-opportunity it is looked for"
        raise UsageError(f"{path}: another test opportunity was not left as it was; {named}")
    return record
