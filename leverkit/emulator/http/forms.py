"""Form bodies, which some published clients send instead of JSON, and the files in them.

The Ruby gem `lever` posts notes as a URL-encoded form; `POST /opportunities` is documented to take multipart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from leverkit.emulator.account.account import Object

LISTS = ("emails", "links", "tags", "sources", "followers", "postings")
TIMES = ("createdAt", "archivedAt")
_NAME = re.compile(r"([^\[]+)((?:\[[^\]]*\])*)")


class File(NamedTuple):
    """A file in a form: field, file name, bytes."""

    field: str
    name: str
    content: bytes


def fields(pairs: Iterable[tuple[str, str]]) -> Object:
    """Return the object of a form: `a[]` and repeated names are lists, `a[b]` objects, `a[0][b]` both."""
    made: Object = {}
    for name, text in pairs:
        found = _NAME.match(name)
        if found is None:
            continue
        plain, inner = found[1], re.findall(r"\[([^\]]*)\]", found[2])
        if len(inner) > 1:
            _grouped(made, plain, inner[0], inner[1], text)
        elif plain == "phones":
            named = bool(inner and inner[0]) and not inner[0].isdigit()
            _grouped(made, plain, "", inner[0] if named else "value", text)
        elif inner and inner[0] and not inner[0].isdigit():
            _object(made, plain)[inner[0]] = _value(inner[0], text)
        elif inner or plain in LISTS:
            _list(made, plain).append(text)
        else:
            made[plain] = _value(plain, text)
    return {name: value.all() if isinstance(value, _Groups) else value for name, value in made.items()}


def _value(name: str, text: str) -> int | str:
    return int(text) if name in TIMES and re.fullmatch(r"[0-9]{1,18}", text) else text


class _Groups(dict[str, Object]):
    """Objects of a list by their index in a form; without an index a repeated name starts the next object."""

    def at(self, index: str, name: str) -> Object:
        if not index:
            last = next(reversed(self), "")
            index = str(len(self)) if not self or name in self[last] else last
        return self.setdefault(index, {})

    def all(self) -> list[Object]:
        return list(self.values())


def _grouped(made: Object, plain: str, index: str, name: str, text: str) -> None:
    if not isinstance(made.get(plain), _Groups):
        made[plain] = _Groups()
    made[plain].at(index, name)[name] = text


def _object(made: Object, plain: str) -> Object:
    if type(made.get(plain)) is not dict:
        made[plain] = {}
    value: Object = made[plain]
    return value


def _list(made: Object, plain: str) -> list[Any]:
    if not isinstance(made.get(plain), list):
        made[plain] = []
    value: list[Any] = made[plain]
    return value


def encoded(body: bytes) -> Object:
    """Return the fields of a URL-encoded form."""
    return fields(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def multipart(kind: bytes, body: bytes) -> tuple[Object, list[File]]:
    """Return the fields and files of a multipart form; `kind` is its content type."""
    message = BytesParser(policy=HTTP).parsebytes(b"content-type: " + kind + b"\r\n\r\n" + body)
    pairs, files = [], []
    for part in message.iter_parts() if message.is_multipart() else ():
        name, filename = str(part.get_param("name", "", "content-disposition")), part.get_filename()
        payload: Any = part.get_payload(decode=True)
        if filename and name:
            files.append(File(name.removesuffix("[]"), filename, payload or b""))
        elif name:
            pairs.append((name, (payload or b"").decode("utf-8", "replace")))
    return fields(pairs), files
