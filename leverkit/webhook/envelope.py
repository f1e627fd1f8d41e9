"""Read a delivery as far as it is used: the signature, what is signed, and ids.

A forwarder may have rewritten the JSON, and Lever may change what is not used here: such fields are not
judged, but named in `odd`. The digits of the time are signed, however the number is written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import msgspec

from leverkit.api.responses import prepare_type
from leverkit.webhook.events import EVENTS, USED_IDS, ArchiveState, Event, OpportunityEvent

_TOKEN = re.compile(r"[\x21-\x7e]{1,200}")
_DIGITS = re.compile(r"[1-9][0-9]{0,14}")  # no leading zero: it may be one that was cut off from the token
_LONGEST_NAME = 100
_LONGEST_TIME = 40
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class UnreadableFieldError(ValueError):
    """A field that is used cannot be read; the text is its name."""


@dataclass(frozen=True)
class Envelope:
    """A delivery whose signature is not checked yet; `digits` are those of its time in milliseconds."""

    event: str
    token: str
    digits: str
    signature: str
    id: str | None
    data: Mapping[str, object]
    odd: tuple[str, ...]

    @property
    def triggered_at(self) -> int:
        """Return the time of the event in milliseconds since 1970."""
        return int(self.digits)


def read(body: bytes) -> Envelope:
    """Return the envelope of a delivery. Raises UnreadableFieldError for what is used and not readable."""
    try:
        fields = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise UnreadableFieldError("body") from None
    event, time, data = (fields.get(name) for name in ("event", "triggeredAt", "data"))
    name = event if isinstance(event, str) and len(event) <= _LONGEST_NAME else ""
    usual = {
        "event": bool(name),
        "triggeredAt": type(time) is int,
        "token": isinstance(fields.get("token"), str),
        "id": isinstance(fields.get("id"), str | None),
        "data": isinstance(data, dict | None),
    }
    return Envelope(
        event=name,
        token=_token(fields.get("token")),
        digits=_digits(time),
        signature=_signature(fields.get("signature")),
        id=fields.get("id") if usual["id"] else None,
        data=_data(data),
        odd=tuple(name for name, is_usual in usual.items() if not is_usual),
    )


def event_of(envelope: Envelope) -> Event:
    """Return the event of an envelope; one whose name cannot be read has the ids of an opportunity's.

    Raises UnreadableFieldError for an id that is used and malformed.
    """
    kind = EVENTS.get(envelope.event, Event if envelope.event else OpportunityEvent)
    head = {
        "name": envelope.event,
        "token": envelope.token,
        "triggeredAt": envelope.triggered_at,
        "id": envelope.id,
        "isTest": not envelope.data,
    }
    values: dict[str, object] = {}
    odd = list(envelope.odd)
    for field in _fields(kind):
        given = envelope.data.get(field.encode_name)
        if field.name not in Event.__struct_fields__ and given is not None:
            values[field.encode_name] = _value(field, given, odd)
    return msgspec.convert(values | head | {"odd": odd}, type=prepare_type(kind))


def _value(field: msgspec.structs.FieldInfo, given: object, odd: list[str]) -> object:
    """Return a field of `data`; if it has another form and is not used, name it in `odd`."""
    name = f"data.{field.encode_name}"
    if _is(field.type, given):
        return given
    if field.name in USED_IDS:
        raise UnreadableFieldError(name)
    if field.type != ArchiveState | None:
        odd.append(name)
        return None
    return _archive_state(given, name, odd)


def _archive_state(given: object, name: str, odd: list[str]) -> dict[str, object]:
    """Return what can be read of an archive state; never None, which means reactivated."""
    if not isinstance(given, dict):
        odd.append(name)
        return {}
    kept = {}
    for part in _fields(ArchiveState):
        value = given.get(part.encode_name)
        if _is(part.type, value):
            kept[part.encode_name] = value
        else:
            odd.append(f"{name}.{part.encode_name}")
    return kept


@lru_cache(maxsize=32)
def _fields(kind: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    """Return the fields of a type; msgspec builds them again at each call."""
    return msgspec.structs.fields(kind)


def _is(kind: Any, value: object) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _token(given: object) -> str:
    """Return the token, which is signed; a number stands for its digits."""
    token = str(given) if isinstance(given, str) or type(given) is int else ""
    if not _TOKEN.fullmatch(token):
        raise UnreadableFieldError("token")
    return token


def _digits(given: object) -> str:
    """Return the decimal digits of a time that is written as 1.7e12, as text, or as ISO 8601, too."""
    digits = str(given) if type(given) is int else _digits_of_text(str(given).strip())
    if not _DIGITS.fullmatch(digits):
        raise UnreadableFieldError("triggeredAt")
    return digits


def _digits_of_text(text: str) -> str:
    if _DIGITS.fullmatch(text) or len(text) > _LONGEST_TIME:
        return text
    try:
        number = Decimal(text)
        whole = number.is_finite() and number.adjusted() < _LONGEST_TIME and number == int(number)
        return str(int(number)) if whole else ""
    except InvalidOperation:
        return _digits_of_date(text)


def _digits_of_date(text: str) -> str:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return ""
    return str(((at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH) // timedelta(milliseconds=1))


def _signature(given: object) -> str:
    if not isinstance(given, str | None):
        raise UnreadableFieldError("signature")
    return given or ""


def _data(given: object) -> Mapping[str, object]:
    """Return the data; an empty list is what PHP makes of an empty object."""
    if not isinstance(given, dict) and given not in (None, []):
        raise UnreadableFieldError("data")
    return given if isinstance(given, dict) else {}
