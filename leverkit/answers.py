"""What an HTTP answer of Lever means: a value, an error with advice, or nothing usable."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TypeVar

import msgspec

from leverkit.errors import AccessDenied, ApiError, Unreachable

T = TypeVar("T")
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
    value = _decode(answer.content, type)
    if value is None:
        message = "the answer is not the JSON that Lever documents."
        raise Unreachable(message, method=method, path=path, status=answer.status, advice=NO_ANSWER)
    return value


def _decode(content: bytes, type: type[T]) -> T | None:
    try:
        return msgspec.json.decode(content, type=type)
    except msgspec.ValidationError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _decode_halves(content, type)


def _decode_halves(content: bytes, type: type[T]) -> T | None:
    """Decode JSON with lone surrogates (an emoji cut in two, in somebody's headline, say)."""
    try:
        text = json.dumps(json.loads(content), ensure_ascii=False)
        whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return msgspec.json.decode(whole, type=type)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return None


def _error(kind: type[ApiError], answer: Answer, method: str, path: str) -> ApiError:
    said = _decode(answer.content, Envelope) or Envelope()
    message = _line(said.message) or answer.failure or "no message of Lever's."
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
