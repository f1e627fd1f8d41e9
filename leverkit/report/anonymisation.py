"""How people appear in reports: as links into Lever, or anonymised, as short ids that lead to nobody.

A link is what Lever's API calls `urls.show`: host and opportunity id, nothing else, so it can be built
from a snapshot, and only who may log in to Lever sees a person behind it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leverkit.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

SALT = "anonymise.salt"  # beside the snapshot; never in a report
LENGTH = 10  # hexadecimal digits: of a million people, two with the same are unlikely


@dataclass(frozen=True)
class People:
    """Names people and their opportunities in reports. `salt` anonymises; without it, ids are shortened."""

    host: str = "hire.lever.co"
    salt: bytes = b""

    @classmethod
    def of(
        cls, folder: Path, *, api: str = "", anonymise: bool = False, make: Callable[[], bytes] | None = None
    ) -> People:
        """Return the names for the snapshot in a folder, read from the API host `api`.

        The salt is made once (256 random bits, readable by its owner only) and kept in the folder, so that
        a person has the same id in every report, and nobody without the file can tell whose id it is.
        Raises UsageError where it cannot be kept.
        """
        host = "hire.sandbox.lever.co" if api.startswith("api.sandbox.") else "hire.lever.co"
        return cls(host, _salt(folder / SALT, make or _random) if anonymise else b"")

    def name(self, identifier: str) -> str:
        """Return the text that stands for a contact or an opportunity."""
        if not self.salt:
            return identifier[:8]
        return hmac.new(self.salt, identifier.encode(), hashlib.sha256).hexdigest()[:LENGTH]

    def hidden(self, text: str, identifier: str) -> str:
        """Return a text without this contact or opportunity in it, where people are anonymised."""
        return text.replace(identifier, self.name(identifier)) if self.salt else text

    def link(self, opportunity: str) -> str:
        """Return the address of an opportunity in Lever; nothing where people are anonymised."""
        return "" if self.salt or not opportunity else f"https://{self.host}/candidates/{opportunity}"

    def named(self, frame: pd.DataFrame, limit: int) -> dict[str, Any]:
        """Return a frame with names for its contacts and opportunities, and links, as `table` takes them."""
        shown = frame.head(limit)
        links = {self.name(one): self.link(one) for one in shown["opportunity"]}
        named = {column: frame[column].map(self.name) for column in ("contact", "opportunity")}
        if "evidence" in frame:  # an error of Lever's names the address that was asked
            rows = zip(frame["evidence"], frame["opportunity"], strict=True)
            frame = frame.assign(evidence=[self.hidden(text, one) for text, one in rows])
        return {"frame": frame.assign(**named), "limit": limit, "links": {"opportunity": links.__getitem__}}

    @property
    def words(self) -> str:
        """Return the sentence that says so under a report."""
        if self.salt:
            return "Contacts appear as ids that are made for this account's reports and lead to nobody."
        return "Contacts appear by the start of their id, without names, and link to Lever."


def _random() -> bytes:
    return secrets.token_bytes(32)


def _salt(file: Path, make: Callable[[], bytes]) -> bytes:
    """Return the salt of a folder, made now if there is none; of two that make it at once, one wins."""
    try:
        fresh = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
        if not file.exists():
            descriptor = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "w") as out:
                out.write(make().hex())
            _keep(fresh, file)
        salt = bytes.fromhex(file.read_text())
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be used as salt: {error}; remove it, or mend the folder") from None
    if len(salt) < 16:
        raise UsageError(f"{file} is cut off: remove it, and people get new ids")
    return salt


def _keep(fresh: Path, file: Path) -> None:
    try:
        os.link(fresh, file)
    except FileExistsError:
        pass  # another report was quicker: its salt holds
    finally:
        fresh.unlink()
