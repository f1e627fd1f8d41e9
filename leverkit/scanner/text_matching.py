"""Text matching where there is no syntax tree: languages without a grammar here, data files, collections.

Only literals are read, joined where they stand on one line; findings say `how = "text"`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from leverkit.scanner import attribution, endpoints
from leverkit.scanner.attribution import FileEvidence
from leverkit.scanner.endpoints import Endpoint
from leverkit.scanner.rules import Finding, finding
from leverkit.scanner.sources import Source

_TOKEN = re.compile(
    r"(?P<comment>/\*.*?\*/|(?<![:\"'\w])//[^\n]*|(?m:^\s*#(?!\{|\[)[^\n]*))"
    r"|(?P<string>\"\"\"(?:.*?)\"\"\"|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)",
    re.DOTALL,
)
_INTERPOLATION = re.compile(
    r"[$#@]\{[^{}]*\}|\$\([^()]*\)|\\\([^()]*\)|\$\w+(?:\.\w+)*|%[sd]|\{\{\s*[\w.]+\s*\}\}"
)
_JOINT = re.compile(r"^\s*(?:\+|<>|\.|\+\+|&)\s*(?:[\w.@$\[\]()]+\s*(?:\+|<>|\.|\+\+|&)\s*)?$")
_BASE = re.compile(r"(\w*(?i:url|base|host|api|root|endpoint)\w*)\s*(?:\+|<>|\.)\s*$")
_COMMENT = re.compile(r"\s*(?:#|//)(?!#)")
_URL = re.compile(r"https?://[^\s\"'`\\<>|]*lever\.co/(?:@\{[^{}]*\}|[^\s\"'`\\<>|])*")


def findings(source: Source, said: FileEvidence) -> Iterator[Finding]:
    """Give the findings of one source by text alone."""
    text = source.text.decode("utf-8", "replace")
    if source.language == "data":
        yield from _postman(source, text) or _urls(source, text)
        return
    for offset, template in _templates(text):
        yield from _judge(source, text, offset, template, said)


def _templates(text: str) -> Iterator[tuple[int, str]]:
    """Give each literal with its place; literals of one line with only `+ name +` between are one."""
    start, built, end = 0, "", -1
    for token in _TOKEN.finditer(text):
        if token.group("comment"):
            continue
        literal = _INTERPOLATION.sub("{x}", token.group().strip("\"'`"))
        between = text[end : token.start()] if end >= 0 else "\n"
        if _JOINT.match(between):
            built += ("{x}" if re.search(r"\w", between) else "") + literal
        else:
            yield start, built
            base = _BASE.search(text[max(token.start() - 60, 0) : token.start()])
            start, built = token.start(), (f"{{{base.group(1)}}}" if base else "") + literal
        end = token.end()
    yield start, built


def _judge(source: Source, text: str, offset: int, template: str, said: FileEvidence) -> Iterator[Finding]:
    found = endpoints.endpoint(template)
    if found is None or found.resource != "candidates":
        return
    start = text.rfind("\n", 0, offset) + 1
    line = text[start : (text + "\n").find("\n", offset)]
    called = re.findall(r"([\w.]+)\s*\(", line[: offset - start])
    method = endpoints.method_in_name(called[-1] if called else "") or endpoints.method_in_text(line)
    if _means_lever(source, found, template, said, len(text[:offset].encode())):
        yield _at(
            source, text, offset, endpoints.code_of(found, method, ""), endpoints.shown(method, template)
        )


def _means_lever(source: Source, found: Endpoint, template: str, said: FileEvidence, offset: int) -> bool:
    for decided in (attribution.host_says(template), attribution.words_say(found.base)):
        if decided is not None:
            return decided
    if not endpoints.known(found.action) or (found.relative and not found.item):
        return False
    return said.named and (
        not said.others or attribution.near_says(source.text, range(len(source.text)), offset)
    )


def _urls(source: Source, text: str) -> Iterator[Finding]:
    """Give whole URLs of Lever's API in a data file, comments aside."""
    for match in _URL.finditer(text):
        url, before = match.group(), text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        found = endpoints.endpoint(_INTERPOLATION.sub("{x}", url))
        comment = not source.path.endswith(".json") and _COMMENT.match(before)
        if found is None or found.resource != "candidates" or comment or not attribution.host_says(url):
            continue
        around = text[max(match.start() - 200, 0) : match.end() + 200]
        method = endpoints.method_in_name(before.strip().split(" ")[0]) or endpoints.method_in_text(around)
        yield _at(
            source, text, match.start(), endpoints.code_of(found, method, ""), endpoints.shown(method, url)
        )


def _postman(source: Source, text: str) -> list[Finding]:
    """Read a Postman collection: each request's method and URL."""
    collection = _collection(text)
    named = attribution.words_say(json.dumps(collection.get("info"))) is True
    made: list[Finding] = []
    position = 0
    for method, url in _requests(collection):
        written = (json.dumps(url)[1:-1], json.dumps(url, ensure_ascii=False)[1:-1])
        position = max(position, *(text.find(one, position) for one in written))
        template = re.sub(r"\{\{\s*([\w.-]+)\s*\}\}", r"{\1}", url)
        found = endpoints.endpoint(template)
        said = attribution.host_says(template)
        lever = said if said is not None else named or attribution.words_say(url)
        if found is not None and found.resource == "candidates" and lever:
            detail = endpoints.shown(method, url)
            made.append(
                _at(source, text, position, endpoints.code_of(found, method, ""), detail, how="parsed")
            )
        position += 1
    return made


def _collection(text: str) -> dict[str, Any]:
    if '"item"' not in text or '"request"' not in text:
        return {}
    try:
        collection = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return collection if isinstance(collection, dict) else {}


def _requests(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, list):
        for child in node:
            yield from _requests(child)
    elif isinstance(node, dict):
        request = node.get("request")
        if isinstance(request, dict):
            yield str(request.get("method", "GET")).lower(), _raw(request.get("url"))
        yield from _requests(node.get("item"))


def _raw(url: Any) -> str:
    """Give a request's URL as text; collections keep it whole, in pieces, or both."""
    if not isinstance(url, dict):
        return url if isinstance(url, str) else ""
    host, path = url.get("host"), url.get("path")
    pieces = [*(host if isinstance(host, list) else []), *(path if isinstance(path, list) else [])]
    return str(url.get("raw") or "/".join(str(piece) for piece in pieces))


def _at(source: Source, text: str, offset: int, code: str, detail: str, how: str = "text") -> Finding:
    line, column = source.place(len(text[:offset].encode()))
    return finding(code, source.path, line, column, detail=detail, how=how)
