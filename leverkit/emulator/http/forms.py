"""Form bodies, which some published clients send instead of JSON, and the files in them.

The Ruby gem `lever` posts notes as a URL-encoded form; `POST /opportunities` is documented to take multipart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qsl

from leverkit.emulator.account.account import Object

Held = TypeVar("Held", dict[str, Any], list[Any], "_Groups")
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
            _held(made, plain, _Groups).put(inner[0], inner[1], text)
        elif plain == "phones":
            field = inner[0] if inner and inner[0] and not inner[0].isdigit() else "value"
            _held(made, plain, _Groups).put("", field, text)
        elif inner and inner[0] and not inner[0].isdigit():
            _held(made, plain, dict)[inner[0]] = _value(inner[0], text)
        elif inner or plain in LISTS:
            _held(made, plain, list).append(text)
        else:
            made[plain] = _value(plain, text)
    return {name: value.all() if isinstance(value, _Groups) else value for name, value in made.items()}


def _value(name: str, text: str) -> int | str:
    return int(text) if name in TIMES and re.fullmatch(r"[0-9]{1,18}", text) else text


class _Groups(dict[str, Object]):
    """Objects of a list by their index in a form; without an index a repeated name starts the next object."""

    def put(self, index: str, name: str, text: str) -> None:
        if not index:
            last = next(reversed(self), "")
            index = str(len(self)) if not self or name in self[last] else last
        self.setdefault(index, {})[name] = text

    def all(self) -> list[Object]:
        return list(self.values())


def _held(made: Object, plain: str, kind: type[Held]) -> Held:
    """Return the list or object that a name holds, from now on an empty one if it holds anything else."""
    if type(made.get(plain)) is not kind:
        made[plain] = kind()
    value: Held = made[plain]
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
