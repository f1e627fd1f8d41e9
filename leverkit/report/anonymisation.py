"""How people appear in reports: as links into Lever, or anonymised, as short salted ids.

A link is what Lever's API calls `urls.show`: host and opportunity id, so it can be built from a snapshot.
Only a reader who may log in to Lever sees the person.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leverkit.errors import UsageError
from leverkit.report.html import UNFOLDED

if TYPE_CHECKING:
    import pandas as pd

SALT = "anonymise.salt"  # beside the snapshot; never in a report
LENGTH = 10  # hexadecimal digits: among a million people, two equal ids are unlikely


@dataclass(frozen=True)
class PersonDisplay:
    """How a report names people and opportunities: by salted ids, or without `salt` by shortened ids."""

    host: str = "hire.lever.co"
    salt: bytes = b""

    @classmethod
    def of(
        cls, folder: Path, *, api: str = "", anonymise: bool = False, make: Callable[[], bytes] | None = None
    ) -> PersonDisplay:
        """Return the display for the snapshot in a folder, read from the API host `api`.

        The salt is made once (256 random bits, readable by its owner only) and kept in the folder. So a
        person has the same id in every report, and nobody without the file can tell whose id it is.
        Raises UsageError where the salt cannot be kept.
        """
        salt = _salt(folder / SALT, make or secrets.token_bytes) if anonymise else b""
        return replace(cls.at(api), salt=salt)

    @classmethod
    def at(cls, api: str) -> PersonDisplay:
        """Return the display for an account at an API host; only Lever's own have pages to link to."""
        if api.startswith("api.sandbox."):
            return cls("hire.sandbox.lever.co")
        return cls() if not api or api.endswith(".lever.co") else cls("")

    def name(self, identifier: str) -> str:
        """Return the text that stands for a contact or an opportunity."""
        if not self.salt:
            return identifier[:8]
        return hmac.new(self.salt, identifier.encode(), hashlib.sha256).hexdigest()[:LENGTH]

    def hidden(self, text: str, identifier: str) -> str:
        """Return a text with this id replaced where people are anonymised, else unchanged."""
        return text.replace(identifier, self.name(identifier)) if self.salt else text

    def link(self, opportunity: str) -> str:
        """Return the address of an opportunity in Lever; empty where there is none, or for salted ids."""
        if self.salt or not opportunity or not self.host:
            return ""
        return f"https://{self.host}/candidates/{opportunity}"

    def table_arguments(self, frame: pd.DataFrame, limit: int) -> dict[str, Any]:
        """Return keyword arguments for `table`: the frame with its ids replaced, the limit, and the links.

        Takes columns `contact` and `opportunity`, and replaces ids in a column `evidence`, if there is one.
        """
        links = {self.name(id_): self.link(id_) for id_ in frame.head(limit + UNFOLDED)["opportunity"]}
        names = {column: frame[column].map(self.name) for column in ("contact", "opportunity")}
        if "evidence" in frame:  # an error of Lever's contains the address of the request
            rows = zip(frame["evidence"], frame["opportunity"], strict=True)
            frame = frame.assign(evidence=[self.hidden(text, id_) for text, id_ in rows])
        return {"frame": frame.assign(**names), "limit": limit, "links": {"opportunity": links.__getitem__}}

    @property
    def words(self) -> str:
        """Return the sentence under a report that explains how contacts appear."""
        if self.salt:
            return "Contacts appear as ids made for this account's reports, which identify nobody."
        where = " and link to Lever" if self.host else ""
        return f"Contacts appear by the start of their id, without names{where}."


def _salt(file: Path, make: Callable[[], bytes]) -> bytes:
    """Return the salt of a folder; make it if there is none. Of two processes that make it, one wins."""
    try:
        fresh = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
        if not file.exists():
            descriptor = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "w") as out:
                out.write(make().hex())
            _keep(fresh, file)
        salt = bytes.fromhex(file.read_text())
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be used as salt: {error}; remove it, or fix the folder") from None
    if len(salt) < 16:
        raise UsageError(f"{file} is cut off: remove it, and people get new ids")
    return salt


def _keep(fresh: Path, file: Path) -> None:
    try:
        os.link(fresh, file)
    except FileExistsError:
        pass  # another process was first: its salt is used
    finally:
        fresh.unlink()
