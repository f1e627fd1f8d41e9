"""Attribute a path to Lever or to another product: many products have `/candidates`.

The nearest name decides: the host in the path, then the names around it (call, key, branch, function, class),
then the file and its folders, then the rest of the project.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePath

from leverkit.scanner.grammar import TEXTS
from leverkit.scanner.sources import Source

_HOST = re.compile(r"^(?:https?:|wss?:)?//(?:[^/@]*@)?([^/]+)", re.IGNORECASE)
_API_HOST = re.compile(r"(?:api(?:\.[a-z]+)*|\{[^{}]*\}(?:\.[a-z]+)?)\.lever\.co(?::\d+)?", re.IGNORECASE)
_UNKNOWN_HOST = re.compile(r"(?:\{[^{}]*\})+(?::\d+)?")
_LEVER = re.compile(
    r"(?<![A-Za-z])lever(?![a-z])|(?<![A-Z])Lever(?![a-z])|(?<![A-Za-z])LEVER(?![A-Za-z])|(?<=_)lever(?![a-z])"
    r"|(?<![A-Za-z])(?![CKQ]Lever)[A-Z]+Lever(?![a-z])"  # ILeverApi; Clever, Klever, QLever are others
)
_VENDORS = TEXTS["vendors"].split()
_WORD_START = r"(?-i:(?<![A-Za-z])|(?<=[a-z])(?=[A-Z]))"  # also that of toGreenhouse
_OTHER = re.compile(rf"{_WORD_START}(?:{'|'.join(_VENDORS)})", re.IGNORECASE)
_OTHER_WORDS = tuple(re.split(r"_\?|\(", word)[0] for word in _VENDORS)
_HOST_IN_CODE = re.compile(r"api(?:\.[a-z]+)*\.lever\.co", re.IGNORECASE)
_JOB_BOARD = re.compile(
    r"(?:api(?:\.\w+)?\.lever\.co/v0|jobs(?:\.\w+)?\.lever\.co)\b[^\s\"'`]*", re.IGNORECASE
)
_URL_CONSTANT = re.compile(
    r"\b(\w{2,40})[\"']?\s*(?::\s*\w+\s*)?(?:=>|=|:)\s*[\"'`]((?:https?://[^\s\"'`]+)|/?(?:v1/)?candidates[\w/:{}%$()<>-]*)[\"'`]",
    re.ASCII,
)
_LINE_COMMENT = re.compile(r"^[ \t]*(?://|#|\*|/\*|--).*$|(?<![:\"'\w])//[ \t].*$", re.MULTILINE | re.ASCII)
_TAG_CALL = re.compile(r"(?<![\w])(\w*[tT]ags?\w*)(?=[\s(])", re.ASCII)
_TAG_DEFINITION = re.compile(
    r"(?:\bdef|\bfunc(?:tion)?(?:\s*\([^)\n]*\))?|\basync|\bTask(?:<[^>\n]*>)?|\bvoid|\bpublic)\s+(\w*[tT]ags?\w*)",
    re.ASCII,
)
_CONTACT_FILTER = re.compile(
    r"[\"'?&]contact_ids?[\"'=]|\bcontact_ids?\s*(?:=>|=|:)|opportunities\w*[^;\n]{0,160}contact_?ids?\b"
    r"|opportunities_?of|(?:for|by|of)_?contact|contact_?opportunities|same_?contact",
    re.IGNORECASE | re.ASCII,
)
_ASSIGNED = re.compile(
    r"^[ \t]*(?:const|let|var|my|local)?[ \t]*[$@]?contact_ids?\s*:?=(?!>)", re.MULTILINE | re.ASCII
)
_TYPE = re.compile(r"\b(?:interface|type|struct)\b[^{;()\n]{0,200}\{[^{}]*\}")
_FAR = 1500  # letters between a filter and the calls that it speaks for
_SHARED = re.compile(r"^[A-Z][A-Z0-9_]{2,}$|[lL]ever\w*(?:[uU]rl|[bB]ase|[hH]ost|[aA]pi|[rR]oot|[eE]ndpoint)")
_IMPORT = re.compile(
    r"^\s*(?:import|from|use|using|require\w*|package|module|namespace)\b[^\n]*(?:\blever\b|[lL]ever(?![a-z]))",
    re.MULTILINE | re.ASCII,
)
NEAR = 40


@dataclass(frozen=True)
class FileEvidence:
    """What one file tells about Lever, comments aside.

    `host`: its API host; `about`: that, or Lever in the names of the file and its folders; `imports`: an
    import that names Lever; `named`: Lever anywhere; `others`: other recruiting products. Other files use
    `constants` (name, URL), `fan_out_calls` (calls with a contact filter) and `tag_functions`.
    """

    host: bool
    about: bool
    imports: bool
    named: bool
    others: bool
    constants: tuple[tuple[str, str], ...] = ()
    fan_out_calls: frozenset[str] = frozenset()
    tag_functions: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ProjectEvidence:
    """What the files of one project tell together: callers of Lever, constants, fan-outs, tag functions."""

    callers: dict[str, frozenset[str]] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    fan_out_calls: dict[str, frozenset[str]] = field(default_factory=dict)
    tag_functions: frozenset[str] = frozenset()

    def fans_out(self, name: str, path: str) -> bool:
        """Return True if another file that filters by contact calls this function."""
        return any(name in names for other, names in self.fan_out_calls.items() if other != path)

    def calls_lever_for(self, source: Source) -> bool:
        """Return True if a source uses a nearby file that calls Lever's API, by name or Go package."""
        path = PurePath(source.path)
        for folder in list(path.parents)[:2]:
            stems = self.callers.get(str(folder), frozenset()) - {path.stem}
            if stems and source.language == "go" and folder == path.parent:
                return True
            if any(
                re.search(rb"(?<!\w)" + re.escape(stem.encode()) + rb"(?!\w)", source.text) for stem in stems
            ):
                return True
        return False


def file_evidence(source: Source) -> FileEvidence:
    """Return the evidence of a file, comments aside."""
    code = _told(source.text.decode("utf-8", "replace"))
    host = bool(_HOST_IN_CODE.search(code))
    about = host or bool(_LEVER.search(source.where))
    return FileEvidence(
        host=host,
        about=about,
        imports=bool(_IMPORT.search(code)),
        named=about or bool(_LEVER.search(code)),
        others=_names_others(code) or bool(_OTHER.search(source.where)),
        constants=tuple(_URL_CONSTANT.findall(code)),
        fan_out_calls=frozenset(_fan_out_calls(code)),
        tag_functions=frozenset(_TAG_DEFINITION.findall(code)),
    )


def project_evidence(files: Iterable[tuple[str, FileEvidence]]) -> ProjectEvidence:
    """Return the evidence of a project; a constant counts if all files agree on its value."""
    evidence = dict(files)
    values: dict[str, set[str]] = {}
    for file in evidence.values():
        for name, value in file.constants:
            values.setdefault(name, set()).add(value)
    callers: dict[str, frozenset[str]] = {}
    for path in (PurePath(path) for path, file in evidence.items() if file.host and not file.others):
        callers[str(path.parent)] = callers.get(str(path.parent), frozenset()) | {path.stem}
    return ProjectEvidence(
        callers=callers,
        constants={
            name: min(found) for name, found in values.items() if len(found) == 1 and _SHARED.search(name)
        },
        fan_out_calls={path: file.fan_out_calls for path, file in evidence.items() if file.fan_out_calls},
        tag_functions=frozenset(name for file in evidence.values() for name in file.tag_functions),
    )


def filters_by_contact(code: str) -> bool:
    """Return True if code lists opportunities by contact; types and comments aside.

    Lever's filter is `contact_id`; a variable of that name, or the path /contacts/:id, is none.
    """
    return next(_filters(code), None) is not None


def _filters(code: str) -> Iterator[re.Match[str]]:
    told = _ASSIGNED.sub("", _TYPE.sub("", _LINE_COMMENT.sub("", code)))
    return _CONTACT_FILTER.finditer(told)


def _fan_out_calls(code: str) -> Iterator[str]:
    """Yield the calls that tag near a filter by contact."""
    for match in _filters(code):
        yield from _TAG_CALL.findall(match.string[max(match.start() - _FAR, 0) : match.end() + _FAR])


def _names_others(code: str) -> bool:
    """Return True if other products are named. `in` goes first: one large alternation is slow."""
    low = code.lower()
    return any(word in low for word in _OTHER_WORDS) and bool(_OTHER.search(low))


def lever_by_host(template: str) -> bool | None:
    """Return True if the host of a template is Lever's API, False for another host, None without a host."""
    host = _HOST.match(template)
    if host is None or _UNKNOWN_HOST.fullmatch(host.group(1)):
        return None
    return _API_HOST.fullmatch(host.group(1)) is not None


def lever_by_names(names: str) -> bool | None:
    """Return True if the last product named is Lever, False if it is another one, None without any."""
    ours, theirs = _last(_LEVER, names), _last(_OTHER, names)
    return None if ours == theirs else ours > theirs


def lever_by_nearest_name(text: bytes, within: range, offset: int) -> bool:
    """Return True if the nearest name in a statement is Lever: up to 40 lines above, else up to 40 below."""
    lines = text[within.start : within.stop].decode("utf-8", "replace").split("\n")
    at = text.count(b"\n", within.start, offset)
    above = _told("\n".join(lines[max(at - NEAR, 0) : at + 1]))
    below = _told("\n".join(reversed(lines[at : at + NEAR])))
    is_lever = lever_by_names(above)
    return (lever_by_names(below) if is_lever is None else is_lever) is True


def _told(text: str) -> str:
    """Return what a text tells about Lever's API: without comments and addresses of public job boards."""
    return _LINE_COMMENT.sub("", _JOB_BOARD.sub("", text))


def _last(pattern: re.Pattern[str], names: str) -> int:
    return max((match.start() for match in pattern.finditer(names)), default=-1)
