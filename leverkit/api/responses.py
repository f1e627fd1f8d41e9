"""What an HTTP answer of Lever means: a value, an error with advice, or nothing usable."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, TypeVar

import msgspec

from leverkit.errors import AccessDenied, ApiError, Unreachable

T = TypeVar("T")
_one_at_a_time = threading.Lock()


def known(type: type[T]) -> type[T]:
    """Return a type, ready to decode or convert by in any thread."""
    with _one_at_a_time:
        return _met(type)  # type: ignore[arg-type]


@cache
def _met(type: type[T]) -> type[T]:
    msgspec.json.Decoder(type)  # writes down on the type what decoding needs
    return type  # the one that was written on: an equal `Listing[User]` may be another object


LONGEST_WAIT = 60.0  # seconds; a longer Retry-After is cut to this

ADVICE = {
    400: "Lever did not accept a parameter.",
    401: "Check LEVER_API_KEY (or LEVER_ACCESS_TOKEN): the key is wrong, revoked or expired.",
    403: "The key lacks a permission for this; permissions of a key cannot be edited, so make a new key "
    "in Lever under Settings > Integrations and API.",
    404: "It was deleted, or is not visible to this key; or LEVER_BASE_URL is wrong.",
    429: "Something else uses up the limit of this key: try again later.",
}
REDIRECTED = "Redirects are not followed, because they could send the key elsewhere: check LEVER_BASE_URL."
NO_ANSWER = "Check the network and LEVER_BASE_URL, then run the same again."
UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)
EXPANDED = ("contact", "stage")  # fields that hold an id, unless Lever expands them
LATER = "Lever has trouble of its own: run the same again later."


@dataclass(frozen=True)
class Answer:
    """What came back from one request: a status and bytes, or a `failure` and no status."""

    status: int | None = None
    content: bytes = b""
    headers: Mapping[str, str] | None = None
    failure: str = ""

    @property
    def retry_after(self) -> float | None:
        """Seconds that Lever asks to wait, at most 60; None where it does not say."""
        headers = self.headers or {}
        text = headers.get("retry-after", "").strip()
        try:
            wait = float(text) if text[:1].isdigit() else _until(text, headers.get("date", ""))
        except (ValueError, TypeError):
            return None
        return min(max(wait, 0.0), LONGEST_WAIT)


class Envelope(msgspec.Struct, frozen=True):
    """Lever's error envelope (https://hire.lever.co/developer/documentation, "Response codes")."""

    code: str = ""
    message: str = ""


def read(answer: Answer, type: type[T], *, method: str, path: str) -> T:
    """Decode the answer as `type`.

    Raises Unreachable where asking again may help (nothing came, 429, 5xx, a body that is not
    the JSON expected), AccessDenied for 401 and 403, ApiError for everything else.
    """
    if answer.status is None or answer.status == 429 or answer.status >= 500:
        raise _error(Unreachable, answer, method, path)
    if answer.status in (401, 403):
        raise _error(AccessDenied, answer, method, path)
    if answer.status >= 300:
        raise _error(ApiError, answer, method, path)
    try:
        return _decode(answer.content, type)
    except UNREADABLE as error:
        message = f"the answer is not the JSON that Lever documents{_where(error)}."
        raise Unreachable(message, method=method, path=path, status=answer.status, advice=NO_ANSWER) from None


def _decode(content: bytes, type: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=known(type))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _decode_loosely(content, type)


def _decode_loosely(content: bytes, type: type[T]) -> T:
    """Decode JSON that says the same in another way than Lever documents.

    That is: null for a field that is left out, an object where its id was asked for (`expand`), a number
    as text, and lone surrogates (an emoji cut in two, in somebody's headline, say).
    """
    text = json.dumps(_usual(json.loads(content)), ensure_ascii=False)
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return msgspec.json.decode(whole, type=known(type), strict=False)


def _usual(value: Any) -> Any:
    if isinstance(value, list):
        return [_usual(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: _usual(_id(name, one)) for name, one in value.items() if one is not None}


def _id(name: str, value: Any) -> Any:
    return value["id"] if name in EXPANDED and isinstance(value, dict) and "id" in value else value


def _where(error: Exception) -> str:
    """Say what is wrong and where; msgspec names types and fields, never a value."""
    return f" ({error})" if isinstance(error, msgspec.ValidationError) else ""


def _error(kind: type[ApiError], answer: Answer, method: str, path: str) -> ApiError:
    try:
        said = _decode(answer.content, Envelope)
    except UNREADABLE:
        said = Envelope()
    message = _sentence(_line(said.message)) or answer.failure or "no message of Lever's."
    advice = _advice(answer.status)
    return kind(message, method=method, path=path, status=answer.status, code=_line(said.code), advice=advice)


def _advice(status: int | None) -> str:
    if status is None:
        return NO_ANSWER
    if status >= 500:
        return LATER
    return REDIRECTED if status < 400 else ADVICE.get(status, "")


def _line(text: str) -> str:
    return " ".join(text.split())[:300]


def _sentence(text: str) -> str:
    return f"{text}." if text and text[-1] not in ".!?" else text


def _until(date: str, sent: str) -> float:
    """Seconds from the answer's own Date to an HTTP date: the two clocks may differ."""
    now = parsedate_to_datetime(sent).timestamp() if sent else time.time()
    return parsedate_to_datetime(date).timestamp() - now


def seconds_ahead(date: str, *, default: float = 0.0) -> float:
    """Return by how many seconds an HTTP date is ahead of our clock; `default` where it is none."""
    try:
        return parsedate_to_datetime(date).timestamp() - time.time()
    except (ValueError, TypeError):
        return default
