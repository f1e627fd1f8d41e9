"""Text matching without a syntax tree: languages without a grammar, data files, Postman collections.

Only literals are read, joined if they are on one line; findings have `how = "text"`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from leverkit.scanner import attribution, endpoints
from leverkit.scanner.attribution import FileEvidence
from leverkit.scanner.endpoints import Endpoint
from leverkit.scanner.rules import Finding
from leverkit.scanner.sources import Source

_TOKEN = re.compile(
    r"(?P<comment>/\*.*?\*/|(?<![:\"'\w])//[^\n]*|(?m:^\s*#(?!\{|\[)[^\n]*))"
    r"|(?P<string>\"\"\"(?:.*?)\"\"\"|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)",
    re.DOTALL,
)
_INTERPOLATION = re.compile(
    r"[$#@]\{[^{}]*\}|\$\([^()]*\)|\\\([^()]*\)|\$\w+(?:\.\w+)*|%[sd]|\{\{\s*[\w.]+\s*\}\}"
)
_PLUS = r"(?:\+\+?|<>|\.\.?|&|\|\|)"
_JOINT = re.compile(rf"^\s*{_PLUS}\s*(?:[\w.@$\[\]()]+?\s*{_PLUS}\s*)?$")
_BASE = re.compile(rf"(\w*(?i:url|base|host|api|root|endpoint)\w*)\s*(?:{_PLUS}|,)?\s*$")
# R joins by commas: paste0(base, "/candidates/", id), req_url_path_append("candidates", id) with slashes;
# Clojure by blanks: (str base "/candidates/" id)
_PASTE = re.compile(
    r"(?:\b(paste0?|str_c|file\.path|req_url_path\w*)\s*\(|\(str\s)(?:[^()\"']|\([^()]*\)){0,120}$"
)
_COMMA = re.compile(r"^\s*,?\s*(?:[\w.$\[\]-]+(?:\([^()]*\))?\s*,?\s*)?$")
_COMMENT = re.compile(r"\s*(?:#|//|!|--|<!--|<%#)(?!#)")
_URL = re.compile(
    r"https?://[^\s\"'`\\<>|]*lever\.co/"
    r"(?:@\{[^{}]*\}|\{\{[^{}\n]{0,200}\}\}|<%=?[^%\n]{0,200}%>|<\w+>|[^\s\"'`\\<>|])*"
)
# `path: /candidates`, a key of declared requests, `{{base}}/candidates` of request files, `$BASE/candidates`
# of scripts, and `/candidates:`, a path that an OpenAPI document describes
_REST = r"(?:v1/)?(?:candidates|opportunities)\b(?:\{\{[^{}\n]{0,200}\}\}|[^\s\"',])*"
_PATH = re.compile(
    rf"\b(?:path|url|uri|endpoint|route|resource)[\"']?\s*[:=]\s*[\"']?(?P<path>/?{_REST})"
    rf"|(?:\{{\{{\s*\w+\s*\}}\}}|\$[{{(]?(?!\w*(?i:dir|path|folder|home|space)\b)\w+[}})]?)(?P<after>/{_REST})"
    rf"|(?:^|[{{,])\s*[\"']?(?P<key>/{_REST})[\"']?\s*:(?=\s*[{{#\n])",
    re.MULTILINE,
)
# What makes "/candidates", which many products have, a request in a file that has Lever's API host
_REQUESTED = re.compile(
    r"(?:@(?:GET|POST|PUT|PATCH|DELETE|\w+(?:Mapping|Exchange))|(?:\b|_)(?:get|post|request|fetch)!?)"
    r"\(\s*(?:\w+\s*=\s*|&|[\"'.]?(?:GET|POST)[\"']?,\s*)?[\"']?$",
    re.ASCII,
)
_SHELLED = re.compile(r"\s*(?:curl|wget)\s.*?(?P<url>https?://\S+)", re.DOTALL)
_DESCRIBED = re.compile(r"\b(get|post|put|patch|delete)[\"']?\s*:")


def findings(source: Source, evidence: FileEvidence) -> Iterator[Finding]:
    """Yield the findings of one source by text alone."""
    text = source.text.decode("utf-8", "replace")
    if source.language == "data":
        yield from _postman(source, text) or (*_urls(source, text), *_relative(source, text, evidence))
        return
    for offset, template in _templates(text):
        yield from _judge(source, text, offset, template, evidence)


def _templates(text: str) -> Iterator[tuple[int, str]]:
    """Yield every literal with its offset; literals of one line joined by `+ name +` are one."""
    start, built, end, paste = 0, "", -1, None
    for token in _TOKEN.finditer(text):
        if token.group("comment"):
            continue
        literal = _INTERPOLATION.sub("{x}", token.group().strip("\"'`"))
        between = text[end : token.start()] if end >= 0 else "\n"
        if _JOINT.match(between) or (paste and _COMMA.match(between)):
            slash = "/" if paste and "path" in (paste.group(1) or "") else ""
            built += slash.join(["", *(["{x}"] if re.search(r"\w", between) else []), literal])
        else:
            yield start, built
            before = text[max(token.start() - 160, 0) : token.start()]
            base, paste = _BASE.search(before), _PASTE.search(before)
            named = (
                base and not literal.startswith("http") and (paste or not base.group().rstrip().endswith(","))
            )
            start, built = token.start(), (f"{{{base.group(1)}}}" if base and named else "") + literal
        end = token.end()
    yield start, built


def _judge(
    source: Source, text: str, offset: int, template: str, evidence: FileEvidence
) -> Iterator[Finding]:
    template = shelled.group("url") if (shelled := _SHELLED.match(template)) else template
    found = endpoints.parse_endpoint(template)
    if found is None or not _code(found, "", text):
        return
    start = text.rfind("\n", 0, offset) + 1
    line = text[start : (text + "\n").find("\n", offset)]
    called = re.findall(r"([\w.]+)\s*\(", line[: offset - start])
    method = endpoints.method_in_name(called[-1] if called else "") or endpoints.method_in_text(line)
    if found.relative and not found.item and not _is_requested(text, offset, template, evidence):
        return
    if _means_lever(source, found, template, evidence, len(text[:offset].encode())):
        yield _finding(source, text, offset, _code(found, method, text), method, template)


def _is_requested(text: str, offset: int, template: str, evidence: FileEvidence) -> bool:
    """Return True if a path without base and id is sent to Lever: by an annotation, a call or a version."""
    if evidence.others or not (evidence.host or evidence.about):
        return False
    versioned = evidence.host and template.lstrip("/").startswith("v1/")
    return versioned or _REQUESTED.search(text, max(offset - 60, 0), offset) is not None


def _code(found: Endpoint, method: str, text: str) -> str:
    """Return the code for an endpoint, '' for none; the whole text tells whether a tag write fans out."""
    if found.resource == "candidates":
        return endpoints.rule_code(found, method, "")
    if endpoints.is_missing(found):
        return "LK309"
    writes = endpoints.writes_tags(found.action)
    return "LK306" if writes and not attribution.filters_by_contact(text) else ""


def _means_lever(source: Source, found: Endpoint, template: str, evidence: FileEvidence, offset: int) -> bool:
    for decided in (attribution.lever_by_host(template), attribution.lever_by_names(found.base)):
        if decided is not None:
            return decided
    if not endpoints.is_known_action(found.action):
        return False
    return evidence.named and (
        not evidence.others or attribution.lever_by_nearest_name(source.text, range(len(source.text)), offset)
    )


def _urls(source: Source, text: str) -> Iterator[Finding]:
    """Yield findings for whole URLs of Lever's API in a data file, comments aside."""
    for match in _URL.finditer(text):
        url, before = match.group(), text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        found = endpoints.parse_endpoint(_INTERPOLATION.sub("{x}", url))
        comment = not source.path.endswith(".json") and _COMMENT.match(before)
        if found is None or comment or not attribution.lever_by_host(url):
            continue
        around = text[max(match.start() - 200, 0) : match.end() + 200]
        method = endpoints.method_in_name(before.strip().split(" ")[0]) or endpoints.method_in_text(around)
        if code := _code(found, method, text):
            yield _finding(source, text, match.start(), code, method, url)


def _relative(source: Source, text: str, evidence: FileEvidence) -> Iterator[Finding]:
    """Yield findings for paths in a data file that has Lever's API host elsewhere, as base URL."""
    for match in _PATH.finditer(text) if evidence.host else ():
        path, offset = match.group(match.lastgroup or 0), match.start(match.lastgroup or 0)
        before = text[text.rfind("\n", 0, offset) + 1 : offset]
        found = endpoints.parse_endpoint(_INTERPOLATION.sub("{x}", path))
        comment = not source.path.endswith(".json") and _COMMENT.match(before)
        near = range(len(source.text))
        if found is None or comment or not endpoints.is_known_action(found.action):
            continue
        if evidence.others and not attribution.lever_by_nearest_name(
            source.text, near, len(text[:offset].encode())
        ):
            continue
        method = endpoints.method_in_name(before.strip().split(" ")[0])
        if match.lastgroup == "key" and (
            described := _DESCRIBED.search(text, match.end(), match.end() + 400)
        ):
            method = described.group(1)
        method = method or endpoints.method_in_text(_block(text, offset))
        if code := _code(found, method, text):
            yield _finding(source, text, offset, code, method, path)


def _block(text: str, offset: int) -> str:
    """Return the lines around an offset that are indented as far as its line, or further."""
    lines, at = text.split("\n"), text.count("\n", 0, offset)
    own = _indent(lines[at])
    above = takewhile(lambda line: _indent(line) >= own, reversed(lines[max(at - 20, 0) : at]))
    below = takewhile(lambda line: _indent(line) >= own, lines[at : at + 20])
    return "\n".join([*above, *below])


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t-"))


def _postman(source: Source, text: str) -> list[Finding]:
    """Return the findings of a Postman collection: method and URL of its requests."""
    collection = _collection(text)
    named = attribution.lever_by_names(json.dumps(collection.get("info"))) is True
    made: list[Finding] = []
    position = 0
    for method, url in _requests(collection):
        written = (json.dumps(url)[1:-1], json.dumps(url, ensure_ascii=False)[1:-1])
        position = max(position, *(text.find(form, position) for form in written))
        template = re.sub(r"\{\{\s*([\w.-]+)\s*\}\}", r"{\1}", url)
        found = endpoints.parse_endpoint(template)
        by_host = attribution.lever_by_host(template)
        is_lever = by_host if by_host is not None else named or attribution.lever_by_names(url)
        if found is not None and found.resource == "candidates" and is_lever:
            code = endpoints.rule_code(found, method, "")
            made.append(_finding(source, text, position, code, method, url, how="parsed"))
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
    """Return a request's URL as text; collections hold it whole, in pieces, or both."""
    if not isinstance(url, dict):
        return url if isinstance(url, str) else ""
    host, path = url.get("host"), url.get("path")
    pieces = [*(host if isinstance(host, list) else []), *(path if isinstance(path, list) else [])]
    return str(url.get("raw") or "/".join(str(piece) for piece in pieces))


def _finding(
    source: Source, text: str, offset: int, code: str, method: str, url: str, *, how: str = "text"
) -> Finding:
    detail = endpoints.method_and_path(method, url)
    return source.finding(code, len(text[:offset].encode()), detail, how=how)
