"""Verify what Lever's webhooks deliver, and read it as typed events.

Light: hmac and msgspec only. A body comes in, an `Event` goes out, or `Rejected` with a reason. Lever signs
token + triggeredAt and nothing else, so `data` can be exchanged by whoever saw one delivery: take ids
from an event, and read everything else again by the API.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import msgspec

from leverkit.api.responses import known
from leverkit.errors import LeverkitError, UsageError
from leverkit.webhook.events import EVENTS, Event, _Value

Reason = Literal["oversized", "malformed", "unsigned", "forged", "stale", "future", "replayed"]

MAX_BYTES = 65_536
DAY_MS = 86_400_000
AHEAD_MS = 300_000


class Rejected(LeverkitError):
    """A delivery that must not be acted on; `reason` says why in one word."""

    def __init__(self, reason: Reason, message: str) -> None:
        self.reason: Reason = reason
        super().__init__(f"{reason}: {message}")


class ReplayCache:
    """Tokens already seen, at most `capacity`; safe to share between threads.

    When full it drops the oldest, and then refuses whatever is not younger than they were.
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
        """Remember a token; say False where it was seen before, or may have been."""
        with self._lock:
            if token in self._seen or triggered_at <= self._floor:
                return False
            self._seen[token] = triggered_at
            if len(self._seen) > self.capacity:
                self._drop_oldest_tenth()
            return True

    def forget(self, token: str) -> None:
        """Take a token back: call it when an event could not be stored, so that Lever's retry is heard."""
        with self._lock:
            self._seen.pop(token, None)

    def _drop_oldest_tenth(self) -> None:
        oldest = sorted(self._seen, key=self._seen.__getitem__)[: max(self.capacity // 10, 1)]
        for token in oldest:
            self._floor = max(self._floor, self._seen.pop(token))


class _Envelope(_Value, frozen=True):
    event: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    triggered_at: Annotated[int, msgspec.Meta(gt=0, lt=10**15)]
    token: Annotated[str, msgspec.Meta(pattern=r"\A[\x21-\x7e]{1,200}\Z")]
    signature: str | None = None
    id: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    data: msgspec.Raw = msgspec.Raw(b"{}")


def verify(
    body: bytes,
    *,
    secrets: Sequence[str],
    now_ms: int,
    max_age_ms: int = DAY_MS,
    max_ahead_ms: int = AHEAD_MS,
    seen: ReplayCache | None = None,
) -> Event:
    """Check a delivery and give its event; an event name unknown here gives a plain `Event`.

    `secrets` are the signature tokens in force: while one is rotated, the old and the new. Times are in
    milliseconds. The default age is a day: Lever tries six times, with growing waits of unpublished length.
    Raises Rejected, and UsageError for missing or empty secrets.
    Source: https://hire.lever.co/developer/documentation, "Webhooks".
    """
    if isinstance(secrets, str) or not secrets or not all(secrets):
        raise UsageError("`secrets` must be a list of one or more non-empty signature tokens")
    envelope = _open(body)
    _check_signature(envelope, secrets)
    age = now_ms - envelope.triggered_at
    if age > max_age_ms:
        raise Rejected("stale", f"triggered {age} ms ago, allowed are {max_age_ms}")
    if -age > max_ahead_ms:
        raise Rejected("future", f"triggered {-age} ms ahead of now, allowed are {max_ahead_ms}")
    event = _event(envelope)
    if seen is not None and not seen.admit(envelope.token, envelope.triggered_at):
        raise Rejected("replayed", "this token was delivered before")
    return event


def signature(token: str, triggered_at: int, *, secret: str) -> str:
    """Compute Lever's signature: lower-case hex HMAC-SHA256 over token + decimal triggeredAt (ms)."""
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
    """Make the body of a delivery as Lever would send it, for tests and emulators."""
    body: dict[str, object] = {"event": event, "triggeredAt": triggered_at, "token": token}
    body |= {"signature": signature(token, triggered_at, secret=secret), "data": dict(data or {})}
    return msgspec.json.encode({"id": id, **body} if id is not None else body)


def _open(body: bytes) -> _Envelope:
    if len(body) > MAX_BYTES:
        raise Rejected("oversized", f"{len(body)} bytes, allowed are {MAX_BYTES}")
    try:
        return msgspec.json.decode(body, type=known(_Envelope))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise Rejected("malformed", "not an envelope of event, triggeredAt, token and data") from None


def _check_signature(envelope: _Envelope, secrets: Sequence[str]) -> None:
    if not envelope.signature:
        raise Rejected("unsigned", "no signature: create a signature token in Lever's webhook settings")
    given = envelope.signature.encode("utf-8", "surrogatepass")
    expected = [
        signature(envelope.token, envelope.triggered_at, secret=secret).encode() for secret in secrets
    ]
    # The sum compares all, so that the time taken does not tell which secret fits.
    if not sum(hmac.compare_digest(one, given) for one in expected):
        raise Rejected("forged", "the signature fits none of the secrets")


def _event(envelope: _Envelope) -> Event:
    kind = EVENTS.get(envelope.event, Event)
    head = {"name": envelope.event, "token": envelope.token, "triggeredAt": envelope.triggered_at}
    try:
        data = msgspec.json.decode(envelope.data, type=dict[str, object] | None) or {}
        ids = {key: value for key, value in data.items() if key not in ("name", "token", "triggeredAt", "id")}
        return msgspec.convert({**ids, **head, "id": envelope.id, "isTest": not data}, type=known(kind))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise Rejected("malformed", "an id in `data` is not one") from None
