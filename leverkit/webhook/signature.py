"""Verify the deliveries of Lever's webhooks and decode them to typed events.

Lever signs token + triggeredAt and nothing else, so whoever saw one delivery can send it with other `data`:
take only ids from an event, and read everything else from the API. Needs hmac and msgspec only.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from leverkit.api.tags import names
from leverkit.errors import LeverkitError, UsageError
from leverkit.webhook.envelope import Envelope, UnreadableFieldError, event_of, read
from leverkit.webhook.events import Event

Reason = Literal["oversized", "malformed", "unsigned", "forged", "stale", "future", "replayed"]

MAX_BYTES = 65_536
DAY_MS = 86_400_000
AHEAD_MS = 300_000


class Rejected(LeverkitError):
    """A delivery that must not be acted on; `reason` is one word for why, `field` what could not be read."""

    def __init__(self, reason: Reason, message: str, *, field: str = "") -> None:
        self.reason: Reason = reason
        self.field = field
        super().__init__(f"{reason}: {message}")


class ReplayCache:
    """The tokens of earlier deliveries, at most `capacity`. Threads may share it.

    When it is full it drops the oldest tenth, and from then on refuses all that is not newer than those.
    """

    def __init__(self, capacity: int = 100_000) -> None:
        if capacity < 1:
            raise UsageError("a replay cache needs a capacity of at least 1")
        self.capacity = capacity
        self._seen: dict[str, int] = {}
        self._floor = -1
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._seen)

    def admit(self, token: str, triggered_at: int) -> bool:
        """Remember a token. Return False if it was seen before, or may have been."""
        with self._lock:
            if token in self._seen or triggered_at <= self._floor:
                return False
            self._seen[token] = triggered_at
            if len(self._seen) > self.capacity:
                self._drop_oldest_tenth()
            return True

    def forget(self, token: str) -> None:
        """Forget a token. Call it when an event could not be stored, so that Lever's retry is accepted."""
        with self._lock:
            self._seen.pop(token, None)

    def _drop_oldest_tenth(self) -> None:
        oldest = sorted(self._seen, key=self._seen.__getitem__)[: max(self.capacity // 10, 1)]
        for token in oldest:
            self._floor = max(self._floor, self._seen.pop(token))


def verify(
    body: bytes,
    *,
    secrets: Sequence[str],
    now_ms: int,
    max_age_ms: int = DAY_MS,
    max_ahead_ms: int = AHEAD_MS,
    seen: ReplayCache | None = None,
) -> Event:
    """Return the event of a genuine delivery; a plain `Event` where its name is unknown here.

    `secrets` are the signature tokens in force: during a rotation the old and the new one. Times are in
    milliseconds. The default age is one day: Lever tries six times, after growing pauses of unknown length.
    What is not used is not judged: only the signature, its digits of time, and ids decide; `event.odd` names
    other fields of another form. Raises Rejected, and UsageError for missing or empty secrets.
    Source: https://hire.lever.co/developer/documentation, "Webhooks".
    """
    secrets = names("secrets (signature tokens)", secrets)
    if not all(secret.strip() for secret in secrets) or not secrets:
        raise UsageError("`secrets` must be a list of one or more non-empty signature tokens")
    envelope = _open(body)
    _check_signature(envelope, secrets)
    age = now_ms - envelope.triggered_at
    if age > max_age_ms:
        raise Rejected("stale", f"triggered {age} ms ago, allowed are {max_age_ms}")
    if -age > max_ahead_ms:
        raise Rejected("future", f"triggered {-age} ms ahead of now, allowed are {max_ahead_ms}")
    try:
        event = event_of(envelope)
    except UnreadableFieldError as error:
        raise _malformed(error) from None
    if seen is not None and not seen.admit(envelope.token, envelope.triggered_at):
        raise Rejected("replayed", "this token was delivered before")
    return event


def signature(token: str, triggered_at: int, *, secret: str) -> str:
    """Return Lever's signature: lower-case hex HMAC-SHA256 over token + decimal triggeredAt (ms)."""
    return hmac.new(secret.encode(), f"{token}{triggered_at}".encode(), hashlib.sha256).hexdigest()


def sign(
    event: str,
    data: Mapping[str, object] | None = None,
    *,
    secret: str,
    token: str,
    triggered_at: int,
    id: str | None = None,
) -> bytes:
    """Return the body of a delivery as Lever sends it, for tests and emulators."""
    body: dict[str, object] = {"event": event, "triggeredAt": triggered_at, "token": token}
    body |= {"signature": signature(token, triggered_at, secret=secret), "data": dict(data or {})}
    return msgspec.json.encode({"id": id, **body} if id is not None else body)


def _open(body: bytes) -> Envelope:
    if len(body) > MAX_BYTES:
        raise Rejected("oversized", f"{len(body)} bytes, allowed are {MAX_BYTES}")
    try:
        return read(body)
    except UnreadableFieldError as error:
        raise _malformed(error) from None


def _malformed(error: UnreadableFieldError) -> Rejected:
    """Return the refusal of a delivery with a field that is used and cannot be read."""
    return Rejected("malformed", f"`{error}` is missing or cannot be read", field=str(error))


def _check_signature(envelope: Envelope, secrets: Sequence[str]) -> None:
    if not envelope.signature:
        raise Rejected("unsigned", "no signature: create a signature token in Lever's webhook settings")
    given = envelope.signature.encode("utf-8", "surrogatepass")
    expected = [
        signature(envelope.token, envelope.triggered_at, secret=secret).encode() for secret in secrets
    ]
    # `sum` compares all of them, so that the time taken does not reveal which secret fits.
    if not sum(hmac.compare_digest(candidate, given) for candidate in expected):
        raise Rejected("forged", "the signature fits none of the secrets")
