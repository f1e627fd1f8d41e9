"""The meaning of a response of Lever: a value, an error with advice, or nothing usable."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, TypeVar, cast

import msgspec

from leverkit.errors import AccessDenied, ApiError, Unreachable, Unreadable

T = TypeVar("T")
LONGEST_WAIT = 60.0  # seconds; a longer Retry-After is cut to this
ADVICE = {
    400: "Lever did not accept a parameter; `leverkit --debug …` shows its own words.",
    401: "Check LEVER_API_KEY, or what accounts.toml names for it: the key is wrong, revoked or expired.",
    403: "The key lacks a permission for this; permissions of a key cannot be edited, so make a new key "
    "in Lever under Settings > Integrations and API.",
    404: "It was deleted, or is not visible to this key; or LEVER_BASE_URL is wrong.",
    429: "Something else uses up this key's rate limit. Try again later.",
}
PERFORM_AS = "set LEVER_PERFORM_AS to a user's id or e-mail"
REFUSED = "Lever refused this; `leverkit --debug …` shows its own words."
REDIRECTED = "Redirects are not followed, because they could send the key elsewhere: check LEVER_BASE_URL."
NO_ANSWER = "Check the network and LEVER_BASE_URL, then run the same command again."
OTHER_FORM = (
    "Check LEVER_BASE_URL; if it is Lever's, this leverkit does not know that form: please report it."
)
LATER = "Lever has a problem of its own. Run the same command again later."
UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)
CODE = re.compile(r"[A-Za-z0-9_.-]{1,60}")  # anything else is no code of Lever's, and no request id
EXPANDED = ("contact", "stage")  # fields that hold an id, unless Lever expands them
_PERFORMER = f"{PERFORM_AS[:1].upper()}{PERFORM_AS[1:]}."
_prepare_lock = threading.Lock()


@dataclass(frozen=True)
class Response:
    """What one request returned: a status and bytes, or a `failure` and no status; `sent_id` is our id."""

    status: int | None = None
    content: bytes = field(default=b"", repr=False)  # neither may show in a traceback with local variables
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    failure: str = ""
    sent_id: str = ""

    @property
    def retry_after(self) -> float | None:
        """Return the seconds that Lever asks to wait, at most 60; None if it names no time."""
        headers = self.headers or {}
        text = headers.get("retry-after", "").strip()
        try:
            wait = float(text) if text[:1].isdigit() else _seconds_until(text, headers.get("date", ""))
        except (ValueError, TypeError):
            return None
        return min(max(wait, 0.0), LONGEST_WAIT)

    @property
    def lever_id(self) -> str:
        """Return Lever's own id of the request; empty as long as Lever sends none (reference 7.3)."""
        found = (self.headers or {}).get("x-request-id", "")
        return found if CODE.fullmatch(found) else ""

    @property
    def request_id(self) -> str:
        """Return the id by which to ask for the request: Lever's where it sent one, else ours."""
        return self.lever_id or self.sent_id

    def json(self) -> Any:
        """Return the body as JSON has it, names of people included. Raises ValueError if it is none."""
        return msgspec.json.decode(self.content)


class Envelope(msgspec.Struct, frozen=True):
    """Lever's error envelope (https://hire.lever.co/developer/documentation, "Response codes")."""

    code: str = ""
    message: str = ""


def prepare_type(type: type[T]) -> type[T]:
    """Return a type that any thread can decode or convert by at once.

    msgspec stores on a type what decoding needs, on its first use and without a lock: two threads at once
    would crash the process.
    """
    with _prepare_lock:
        return _prepared(type)  # type: ignore[arg-type]


@cache
def _prepared(type: type[T]) -> type[T]:
    msgspec.json.Decoder(type)
    return type  # the prepared one: an equal `Listing[User]` may be another object


def read(response: Response, type: type[T], *, method: str, path: str, hide: Callable[[str], str] = str) -> T:
    """Decode the response as `type`, or return it as it is; `hide` takes the key out of a text.

    Raises Unreachable if a retry may help (no response, 429, 5xx, a body that is cut off or no JSON; to a
    write also another form: it was accepted), Unreadable for JSON of another form, AccessDenied for 401 and
    403, ApiError for everything else.
    """
    request = {"method": method, "path": path, "request_id": response.request_id}
    if response.status is None or response.status == 429 or response.status >= 500:
        raise _error(Unreachable, response, request, hide)
    if response.status in (401, 403):
        raise _error(AccessDenied, response, request, hide)
    if response.status >= 300:
        raise _error(ApiError, response, request, hide)
    if type is Response:
        return cast(T, response)
    try:
        return _decode(response.content, type)
    except UNREADABLE as error:
        other_form = isinstance(error, msgspec.ValidationError) and method == "GET"
        raise (Unreadable if other_form else Unreachable)(
            f"the answer is not the JSON that Lever documents{_where(error)}.",
            **request,
            status=response.status,
            advice=OTHER_FORM if other_form else NO_ANSWER,
        ) from None


def http_time(date: str) -> float | None:
    """Return the seconds since epoch that an HTTP date names, None if it is no date."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError):
        return None


def needs_performer(error: ApiError) -> bool:
    """Return True if Lever refused a write because of its `perform_as`, which is missing or no user."""
    return error.advice.startswith(_PERFORMER)


def _decode(content: bytes, type: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=prepare_type(type))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _decode_loosely(content, type)


def _decode_loosely(content: bytes, type: type[T]) -> T:
    """Decode JSON that has the same meaning in another form than Lever documents.

    That is: null for a field that is left out, an object in place of its id (`expand`), a number as text,
    and lone surrogates (such as an emoji cut in two in a headline).
    """
    text = json.dumps(_normalized(json.loads(content)), ensure_ascii=False)
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return msgspec.json.decode(whole, type=prepare_type(type), strict=False)


def _normalized(value: Any) -> Any:
    if isinstance(value, list):
        return [_normalized(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: _normalized(_id(name, item)) for name, item in value.items() if item is not None}


def _id(name: str, value: Any) -> Any:
    return value["id"] if name in EXPANDED and isinstance(value, dict) and "id" in value else value


def _where(error: Exception) -> str:
    """Return what is wrong and where, as a suffix; msgspec names types and fields, never a value."""
    return f" ({error})" if isinstance(error, msgspec.ValidationError) else ""


def _error(
    kind: type[ApiError], response: Response, request: dict[str, str], hide: Callable[[str], str]
) -> ApiError:
    try:
        envelope = _decode(response.content, Envelope)
    except UNREADABLE:
        envelope = Envelope()
    code = envelope.code if CODE.fullmatch(envelope.code) and hide(envelope.code) == envelope.code else ""
    return kind(
        response.failure,
        **request,
        status=response.status,
        code=code,
        advice=_PERFORMER if _names_performer(response, envelope) else _advice(response.status),
        lever_text=_line(hide(envelope.message)),
    )


def _names_performer(response: Response, envelope: Envelope) -> bool:
    return response.status in (400, 403, 404, 422) and "perform_as" in envelope.message


def _advice(status: int | None) -> str:
    if status is None:
        return NO_ANSWER
    if status >= 500:
        return LATER
    return REDIRECTED if status < 400 else ADVICE.get(status, REFUSED)


def _line(text: str) -> str:
    return " ".join(text.split())[:300]


def _seconds_until(date: str, sent: str) -> float:
    """Return the seconds from the response's own Date to an HTTP date: Lever's clock may differ from ours."""
    now = parsedate_to_datetime(sent).timestamp() if sent else time.time()
    return parsedate_to_datetime(date).timestamp() - now
