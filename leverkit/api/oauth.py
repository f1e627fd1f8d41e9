"""An OAuth access token that is refreshed when it is due: once for all processes of this user.

Lever's access tokens live an hour, and each refresh replaces the refresh token too: the old one is worth
nothing any more (reference 1.3). So the tokens are in one file, for its owner alone, and whoever holds its
lock refreshes; the others read what it wrote.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
from filelock import lock_descriptor

from leverkit.api.auth import ExpiringToken, Secret, post_form
from leverkit.errors import AccessDenied, UsageError
from leverkit.storage import files
from leverkit.storage.lock import open_lock_file

MARGIN = 60.0  # seconds before its end at which a token is replaced
AGAIN = "Authorize the application again, and set LEVER_REFRESH_TOKEN to the refresh token that this gives."


class _Answer(msgspec.Struct, frozen=True):
    """What Lever's token endpoint sends."""

    access_token: str
    expires_in: float
    refresh_token: str = ""


class _Stored(msgspec.Struct, frozen=True):
    """The file. `first` tells which refresh token of the settings it goes back to."""

    access_token: str
    refresh_token: str
    expires_at: float
    first: str


@dataclass(frozen=True)
class Tokens:
    """An access token with its end (seconds since epoch), and what replaces it."""

    access: Secret
    refresh: Secret
    expires_at: float = 0.0


class RefreshedToken(ExpiringToken):
    """The access token of an OAuth application. Threads and processes may share its file."""

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: Secret,
        refresh_token: Secret,
        file: Path,
        url: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take the `refresh_token` of the consent; the file has the one that is valid now."""
        self._client_id, self._client_secret, self._url, self._clock = client_id, client_secret, url, clock
        self._file, self._lock = file, threading.RLock()
        self._first = hashlib.blake2b(refresh_token.reveal().encode(), digest_size=8).hexdigest()
        self._tokens = Tokens(Secret(""), refresh_token)
        self._known = [client_secret, refresh_token]
        super().__init__("")
        self.reveal = lambda: self._tokens.access.reveal()

    @property
    def lasting(self) -> str:
        """Return what is the same after a refresh, in all processes."""
        return f"{self._client_id} {self._first}"

    def ready(self) -> Secret:
        """Return an access token that is valid now. Raises AccessDenied, Unreachable, UsageError."""
        with self._lock:
            if self._is_due():
                self._replace(Secret(""))
            return self._tokens.access

    def replaced(self, refused: Secret) -> bool:
        """Return True: there is another token than the refused one, refreshed by us or by others."""
        with self._lock:
            if self.reveal() == refused.reveal():
                self._replace(refused)
        return True

    def is_in(self, text: str) -> bool:
        """Return True if a text contains one of the tokens, or the client's secret."""
        return any(secret.is_in(text) for secret in self._secrets())

    def hidden(self, text: str) -> str:
        """Return a text in which none of them can be read."""
        for secret in self._secrets():
            text = secret.hidden(text)
        return text

    def _secrets(self) -> list[Secret]:
        """Return all that this process knows, and what others wrote since."""
        stored = self._read()
        return [*self._known, *((stored.access, stored.refresh) if stored else ())]

    def _is_due(self) -> bool:
        return self._tokens.expires_at - MARGIN < self._clock()

    def _replace(self, refused: Secret) -> None:
        """Take over the tokens of the file, or refresh them where they are due or refused."""
        with self._file_lock():
            self._adopt(self._read() or self._tokens)
            if self._is_due() or self.reveal() == refused.reveal():
                tokens = self._refreshed()
                self._adopt(tokens)
                self._write(tokens)

    def _adopt(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._known += [each for each in (tokens.access, tokens.refresh) if each.reveal()]

    def _refreshed(self) -> Tokens:
        fields: dict[str, Secret | str] = {
            "grant_type": "refresh_token",
            "client_id": self._client_id,
            "client_secret": self._client_secret,
            "refresh_token": self._tokens.refresh,
        }
        began, (status, content) = self._clock(), post_form(self._url, fields)
        if status != 200:
            text = "the access token could not be refreshed."
            raise AccessDenied(text, method="POST", path="/oauth/token", status=status, advice=AGAIN)
        try:
            found = msgspec.json.decode(content, type=_Answer)
        except msgspec.MsgspecError:
            raise UsageError(f"{self._url} gave no token: check LEVER_TOKEN_URL") from None
        kept = Secret(found.refresh_token) if found.refresh_token else self._tokens.refresh
        return Tokens(Secret(found.access_token), kept, began + found.expires_in)

    def _read(self) -> Tokens | None:
        """Return the tokens of the file; None where there are none, or those of another consent."""
        found = files.read_json(self._file, _Stored)
        if found is None or found.first != self._first:
            return None
        return Tokens(Secret(found.access_token), Secret(found.refresh_token), found.expires_at)

    def _write(self, tokens: Tokens) -> None:
        try:
            files.write_atomic(self._file, _encoded(tokens, self._first))
        except OSError as error:
            raise UsageError(
                f"{self._file}: the new refresh token cannot be kept ({error.strerror}), and the old one is "
                f"worth nothing now. {AGAIN}"
            ) from None

    @contextmanager
    def _file_lock(self) -> Iterator[None]:
        """Hold the lock of the file. Raises UsageError where its folder cannot be written."""
        try:
            opened = open_lock_file(self._file.with_name(f"{self._file.name}.lock"))
        except OSError as error:
            raise UsageError(f"{self._file}: tokens cannot be kept here ({error.strerror})") from None
        with opened as file:
            lock_descriptor(file.fileno(), poll_interval=0.05)
            yield


def _encoded(tokens: Tokens, first: str) -> bytes:
    stored = _Stored(tokens.access.reveal(), tokens.refresh.reveal(), tokens.expires_at, first)
    return msgspec.json.encode(stored)
