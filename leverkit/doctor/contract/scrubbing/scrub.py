"""Walk through exchanges and replace what may be about a person or an account.

The first walk collects the values, the second one replaces them: both are the same walk.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from leverkit.doctor.contract.exchange import Exchange
from leverkit.doctor.contract.scrubbing import known
from leverkit.doctor.contract.scrubbing.replacements import Replacements, replacements

ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
FREE = ("message", "code")  # Lever's words, which may quote a tag of ours beside a name
NAMES = {"name", "username"}
KINDS = {"email": "email", "emails": "email", "phones": "phone", "phone": "phone", "links": "link"}
Replace = Callable[[str, str], str]


def scrubbed(exchanges: Sequence[Exchange], random: Random, *, ours: str = "") -> list[Exchange]:
    """Return exchanges in which nobody can be recognised; texts that begin with `ours` are our own tags."""
    seen: dict[str, set[str]] = {}

    def collect(kind: str, value: str) -> str:
        seen.setdefault(kind, set()).add(value)
        return value

    collecting = _Walk(collect, 0, ours)
    for exchange in exchanges:
        collecting.exchange(exchange)
    found: Replacements = replacements(seen, random)
    walk = _Walk(found.of, found.shift_ms, ours)
    return [walk.exchange(exchange) for exchange in exchanges]


class _Walk:
    """One walk: `replace` is called with the kind and the value of each text that may not stay."""

    def __init__(self, replace: Replace, shift_ms: int, ours: str) -> None:
        self._replace, self._shift, self._ours = replace, shift_ms, ours

    def exchange(self, exchange: Exchange) -> Exchange:
        return msgspec.structs.replace(
            exchange,
            path=self._path(exchange.path),
            params=self.value("", dict(exchange.params)),
            body=self.value("", exchange.body),
            headers=_headers(exchange.headers),
            content=self.value("", exchange.content),
        )

    def value(self, key: str, value: Any) -> Any:
        """Return a value of a field with this name."""
        if isinstance(value, Mapping):
            return {self._key(name): self.value(name, each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(key, each) for each in value]
        if isinstance(value, str):
            return self._text(key, value)
        return value if isinstance(value, bool | None) else self._number(key, value)

    def _number(self, key: str, value: float) -> float:
        if key in known.COUNTS:
            return value
        is_time = key.endswith(("At", "_start", "_end")) or key in known.TIMES
        if not is_time:
            return 0
        if value >= known.EPOCH:
            return value + self._shift
        return value if value < known.SMALL else 0

    def _key(self, name: str) -> str:
        if name in known.FIELDS:
            return name
        return self._replace("id", name) if ID.fullmatch(name) else self._replace("field", name)

    def _text(self, key: str, text: str) -> str:
        if not text or self._is_known(key, text):
            return text
        special = {"message": self._message, "code": self._code, "next": self._token, "offset": self._token}
        return special[key](text) if key in special else self._plain(key, text)

    def _is_known(self, key: str, text: str) -> bool:
        """Return True for Lever's own words and for what the check itself sent."""
        if self._ours and key not in FREE and text.strip().lower().startswith(self._ours):
            return True
        if key in ("include", "expand", "email", "leverkit_unknown"):
            return text in known.FIELDS | known.OURS
        return key in known.LISTS and text in known.WORDS

    def _plain(self, key: str, text: str) -> str:
        if ID.fullmatch(text):
            return self._replace("id", text.lower())
        if "," in text and all(map(ID.fullmatch, text.split(","))):
            return ",".join(self._replace("id", each.lower()) for each in text.split(","))
        if key in ("list", "show") and text.startswith(known.PAGES):
            return self._page(text)
        if "@" in text or key in KINDS:
            return self._replace(KINDS.get(key, "email"), text)
        if text.startswith(("http:", "https:")):
            return self._replace("link", text)
        return self._replace("person" if key in NAMES else "text", text)

    def _page(self, text: str) -> str:
        start = next(page for page in known.PAGES if text.startswith(page))
        rest = text.removeprefix(start).removeprefix("/")
        if not rest:
            return start
        return (
            f"{start}/{self._replace('id', rest.lower())}"
            if ID.fullmatch(rest)
            else self._replace("link", text)
        )

    def _path(self, path: str) -> str:
        return "/".join(map(self._place, path.split("/")))

    def _place(self, part: str) -> str:
        """Return a part of a path: Lever's own names stay, an id of any form does not."""
        if ID.fullmatch(part):
            return self._replace("id", part.lower())
        return part if not part or part in known.PLACES else quote(self._replace("text", unquote(part)))

    def _code(self, text: str) -> str:
        is_code = text.isascii() and text.isalpha() and text.endswith(known.CODES)
        return text if is_code else self._replace("text", text)

    def _message(self, text: str) -> str:
        return " ".join(map(self._word, text.split()))

    def _word(self, word: str) -> str:
        bare = word.strip(".,:;!?'\"()[]")
        if ID.fullmatch(bare):
            return self._replace("id", bare.lower())
        return word if bare in known.MESSAGE or word.startswith("/v1/leverkit") else "…"

    def _token(self, text: str) -> str:
        """Return a token with its values replaced, in the form in which it came."""
        try:
            values = json.loads(unquote(text))
        except ValueError:
            values = None
        if not isinstance(values, list):
            return self._replace("id", text.lower()) if ID.fullmatch(text) else self._replace("token", text)
        plain = json.dumps([self._part(value) for value in values], separators=(",", ":"))
        return quote(plain, safe="") if text.startswith("%") else plain

    def _part(self, value: Any) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value + self._shift if value >= known.EPOCH else value
        return self.value("", value)


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that we judge; another value than Lever's is told as such."""
    kept = {name: headers[name] for name in known.HEADERS if name in headers}
    shown = {name: value if value in known.HEADERS[name] else "other" for name, value in kept.items()}
    limits = {
        name: "other"
        for name in headers
        if name.startswith("x-ratelimit") and name.replace("-", "").isalpha()
    }
    wait = headers.get("retry-after", "")
    return shown | limits | ({"retry-after": wait} if wait.isdigit() else {})


def request_line(exchange: Exchange) -> str:
    """Return a scrubbed exchange as a line: what was asked, and how it was answered."""
    shown = [f"{name}={_short(value)}" for name, value in exchange.params.items()]
    query = f"?{'&'.join(shown)}" if shown else ""
    answer = "no answer" if exchange.status is None else f"{exchange.status} {exchange.code}".strip()
    return f"{exchange.method} {exchange.path}{query}: {answer}"


def _short(value: Any) -> str:
    values: Iterable[Any] = value if isinstance(value, list) else [value]
    texts = [str(each) for each in values]
    return f"({len(texts)} values)" if len(texts) > 3 else ",".join(texts)
