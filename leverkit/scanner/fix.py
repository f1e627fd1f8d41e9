"""Fix what is mechanical: /candidates in the path of a finding becomes /opportunities; the id stays the same.

Only literals change: those of the finding's expression, and of constants that hold nothing but such paths. A
name of the id that stands both in the path and beside it, in one expression, follows. Nothing is written.
Not mechanical: to create (POST /opportunities needs perform_as, and a tag needs no creation), and
addPostings, which Lever's documentation does not have.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leverkit.scanner import call_names, endpoints, grammar, sources, syntax
from leverkit.scanner.constant_folding import ConstantFolder
from leverkit.scanner.context import is_listed
from leverkit.scanner.rules import Finding
from leverkit.scanner.sources import Source

if TYPE_CHECKING:
    from tree_sitter import Node

CODES = frozenset({"LK301", "LK302", "LK303"})
_SEGMENT = re.compile(rb"(?<![\w.-])candidates(?=[/?\"'`$#{%\s&\\]|$)")
_ID = rb"candidate(_?(?:id|Id|ID))?"
_HOLE = re.compile(rb"(?<=[{:(<])" + _ID + rb"(?=[})>/?\"']|$)")
_KEY = re.compile(rb"[:\"']?" + _ID + rb"[\"']?$")
_DESCRIBED = re.compile(
    rb"/candidates[^\s\"',]*[\"']?\s*:\s*[{\n]"
)  # a key: the new one may be there already
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_DEPTH = 3
_NO_NEWLINE = "\\ No newline at end of file"

Edits = dict[tuple[int, int], bytes]  # what replaces a range of bytes


@dataclass(frozen=True)
class Fix:
    """One file as it is and as it would be; `places` are the findings that the change is about."""

    path: str
    before: bytes
    after: bytes
    places: tuple[Finding, ...]

    def diff(self) -> str:
        """Return the change as a unified diff."""
        old, new = (text.decode("utf-8", "replace") for text in (self.before, self.after))
        name = Path(self.path).as_posix()
        lines = difflib.unified_diff(_LINE.findall(old), _LINE.findall(new), f"a/{name}", f"b/{name}")
        return "".join(line if line.endswith("\n") else f"{line}\n{_NO_NEWLINE}\n" for line in lines)


def fixes(findings: Iterable[Finding]) -> list[Fix]:
    """Return the mechanical changes for findings of a survey: one for each file that has any, by path."""
    by_path: dict[str, list[Finding]] = {}
    for found in findings:
        by_path.setdefault(found.path, []).append(found)
    borrowed = {path: _borrowed(path, places) for path, places in by_path.items()}
    made = (
        _fix(path, places, frozenset().union(*(borrowed[other] for other in by_path if other != path)))
        for path, places in sorted(by_path.items())
    )
    return [fix for fix in made if fix is not None]


def _borrowed(path: str, places: Sequence[Finding]) -> frozenset[bytes]:
    """Return the names that stand beside what a person has to decide, and that another file defines."""
    numbers = {found.line for found in places if not _is_mechanical(found)}
    text = Path(path).read_bytes() if numbers else b""
    lines = text.split(b"\n")
    names = {name for number in numbers for name in re.findall(rb"\w+", lines[number - 1])}
    return frozenset(name for name in names if not re.search(rb"\b" + name + rb"[\"']?\s*(?::|=(?!=))", text))


def _fix(path: str, places: Sequence[Finding], elsewhere: frozenset[bytes]) -> Fix | None:
    source = next(sources.read_sources([path], sources.Skipped()), None)
    if source is None:
        return None
    kept = frozenset(found.line for found in places if not _is_mechanical(found))
    own = {found: _edits(source, found, kept, elsewhere) for found in places if _is_mechanical(found)}
    edits = {place: new for some in own.values() for place, new in some.items()}
    after = source.raw
    for (start, end), new in sorted(edits.items(), reverse=True):
        after = after[:start] + new + after[end:]
    return Fix(path, source.raw, after, tuple(found for found in own if own[found])) if edits else None


def _is_mechanical(found: Finding) -> bool:
    return found.code in CODES and "Postings" not in found.detail


def _edits(source: Source, found: Finding, kept: frozenset[int], elsewhere: frozenset[bytes]) -> Edits:
    """Return the replacements for one finding, by ranges of bytes.

    Constants used on `kept` lines, or by other files on such lines (`elsewhere`), stay.
    """
    offset = _offset(source.raw, found)
    parser = syntax.parser(source.language)
    if found.how != "parsed" or parser is None or source.lines:
        match = _SEGMENT.search(source.raw, offset, _line_end(source.raw, offset))
        if _DESCRIBED.match(source.raw, offset):
            return {}
        return {match.span(): b"opportunities"} if match else {}
    root = parser.parse(source.text).root_node
    literals = _Literals(ConstantFolder(root, source.text, {}), kept, elsewhere)
    node = _expression(literals.folder, offset)
    if is_listed(node):  # the list may have the other one already
        return {}
    return dict(literals.of(node)) or dict(literals.appended_to_by(node))


def _expression(folder: ConstantFolder, offset: int) -> Node:
    """Return the expression that begins at an offset and builds a path; else what stands there."""
    leaf = syntax.leaf(folder.root, offset)
    for step in (leaf, *syntax.ancestors(leaf)):
        node = folder.outermost(step)
        if node.start_byte == offset and endpoints.parse_endpoint(folder.fold_with_arguments(node)):
            return node
    return folder.outermost(leaf)


def _offset(raw: bytes, found: Finding) -> int:
    lines = raw.split(b"\n")
    line = lines[found.line - 1].decode("utf-8", "replace")
    return sum(len(before) + 1 for before in lines[: found.line - 1]) + len(line[: found.column - 1].encode())


def _line_end(raw: bytes, offset: int) -> int:
    end = raw.find(b"\n", offset)
    return end if end >= 0 else len(raw)


def _leaves(node: Node) -> Iterator[Node]:
    if not node.named_children:
        yield node
    for child in node.named_children:
        yield from _leaves(child)


def _span(leaf: Node, match: re.Match[bytes]) -> tuple[int, int]:
    return leaf.start_byte + match.start(), leaf.start_byte + match.end()


@dataclass(frozen=True)
class _Literals:
    """Finds the literals that say candidates; constants used on `kept` lines, or `elsewhere`, are left."""

    folder: ConstantFolder
    kept: frozenset[int]
    elsewhere: frozenset[bytes]

    def of(self, node: Node, depth: int = 0) -> Iterator[tuple[tuple[int, int], bytes]]:
        """Yield the segments in the literals of an expression, and of the constants that it uses."""
        yield from _id_names(node)
        for leaf in _leaves(node):
            if syntax.is_string(leaf):
                for match in _SEGMENT.finditer(leaf.text or b""):
                    yield _span(leaf, match), b"opportunities"
            elif leaf.type in grammar.NAMES and depth < _DEPTH:
                word = syntax.last_word(syntax.text(leaf))
                value = self.folder.definition(word, leaf)
                if value is not None and value != node and self._holds_paths_only(word, value):
                    yield from self.of(value, depth + 1)

    def appended_to_by(self, node: Node) -> Iterator[tuple[tuple[int, int], bytes]]:
        """Yield the segments in the values of the variable to which a path's end is appended."""
        if (target := syntax.appended_to(node)) is not None:
            for value in self.folder.values(syntax.last_word(syntax.text(target)), before=node):
                yield from self.of(value, 1)

    def _holds_paths_only(self, word: str, value: Node) -> bool:
        """Return True if every use of a name, whose value says candidates, builds a path of that resource."""
        if b"candidates" not in (value.text or b""):
            return True
        pattern = rb"(?<![\w-])" + re.escape(word.encode()) + rb"(?![\w-])"
        if syntax.function_of(value) is None and word.encode() in self.elsewhere:
            return False
        uses = (match.start() for match in re.finditer(pattern, self.folder.source))
        return all(self._builds_path(syntax.leaf(self.folder.root, use)) for use in uses)

    def _builds_path(self, leaf: Node) -> bool:
        name = syntax.qualified(leaf)
        if syntax.is_prose(leaf) or syntax.is_string(leaf) or syntax.is_key(leaf) or syntax.is_key(name):
            return True
        found = endpoints.parse_endpoint(self.folder.fold(self.folder.outermost(name)))
        target = syntax.direct_callee(name)
        if call_names.serves(target) or call_names.sends_nothing(target) or syntax.is_compared(name):
            return False
        is_candidates = found is not None and found.resource == "candidates"
        return is_candidates and leaf.start_point[0] + 1 not in self.kept


def _id_names(node: Node) -> Iterator[tuple[tuple[int, int], bytes]]:
    """Yield where an expression names the id, if it does so both in its path and beside it, as a key."""
    in_path, beside = [], []
    for leaf in _leaves(node):
        written = leaf.text or b""
        if syntax.is_string(leaf) and _SEGMENT.search(written):
            in_path += [(_span(leaf, match), match) for match in _HOLE.finditer(written)]
        elif (match := _KEY.match(written)) and (_is_key(leaf) or written.startswith(b":")):
            beside.append((_span(leaf, match), match))
    names = {match.group().strip(b":\"'") for _, match in (*in_path, *beside)}
    if in_path and beside and len(names) == 1:
        for place, match in (*in_path, *beside):
            yield place, match.group().replace(b"candidate", b"opportunity")


def _is_key(leaf: Node) -> bool:
    return syntax.is_key(leaf) or (leaf.parent is not None and syntax.is_key(leaf.parent))
