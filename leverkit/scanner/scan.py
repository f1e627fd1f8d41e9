"""Find uses of Lever's deprecated candidate endpoints in an integration's source, with the replacement.

Paths in, findings out. Parsed with tree-sitter: Python, JavaScript, TypeScript, Ruby, Go, PHP, Java, C#,
shell and notebooks. Postman collections are read as such. Other languages and data files are matched as
text, and their findings say so.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from leverkit.scanner import attribution, name_detector, sarif, sources, syntax, text_matching
from leverkit.scanner.attribution import FileEvidence, Project
from leverkit.scanner.constant_folding import Folder
from leverkit.scanner.path_detector import PathDetector
from leverkit.scanner.rules import RULES, Finding, Rule, finding
from leverkit.scanner.sources import Source

__all__ = ["RULES", "Finding", "Rule", "Survey", "scan", "survey", "to_json", "to_sarif", "to_text"]

_TELLING = (
    b"candidates",
    b"pportunities",
    b"Tags",
    b"andidateI",
    b"andidate_tag",
    b"lever",
    b"Lever",
    b"LEVER",
)
_SUPPRESSION = re.compile(rb"leverkit:\s*ignore\[([A-Z0-9,\s]+)\]([^\n]*)")
_NO_REASON = re.compile(rb"^[\s:*/#>-]*$")


@dataclass(frozen=True)
class Survey:
    """All findings, sorted, how many files were read, and how many were passed over for what reason."""

    findings: tuple[Finding, ...]
    files: int
    skipped: Mapping[str, int] = field(default_factory=dict)


def scan(paths: Iterable[Path | str], *, codes: Sequence[str] = ()) -> list[Finding]:
    """Find deprecated uses under files and folders, sorted by path, line and column.

    `codes` keeps only these (`LK301`, …). Raises UsageError for a path that does not exist.
    """
    return list(survey(paths, codes=codes).findings)


def survey(paths: Iterable[Path | str], *, codes: Sequence[str] = ()) -> Survey:
    """Scan like `scan`, and count the files read and passed over."""
    skipped: Counter[str] = Counter()
    said: list[tuple[Source, FileEvidence]] = []
    files = 0
    for source in sources.walk(paths, skipped):
        files += 1
        if any(word in source.text for word in _TELLING):
            said.append((source, attribution.of_file(source)))
    grouped: dict[str, list[tuple[str, FileEvidence]]] = {}
    for source, what in said:
        grouped.setdefault(source.project, []).append((source.path, what))
    projects = {name: attribution.of_project(members) for name, members in grouped.items()}
    found = {one for source, what in said for one in _findings(source, what, projects[source.project])}
    kept = (one for one in found if not codes or one.code in codes)
    return Survey(tuple(sorted(kept)), files, dict(sorted((+skipped).items())))


def _findings(source: Source, said: FileEvidence, project: Project) -> Iterator[Finding]:
    suppressed: dict[int, set[str]] = {}
    for match in _SUPPRESSION.finditer(source.raw):
        line = source.raw.count(b"\n", 0, match.start()) + 1
        if _NO_REASON.match(match.group(2)):
            start = source.raw.rfind(b"\n", 0, match.start()) + 1
            column = len(source.raw[start : match.start()].decode("utf-8", "replace")) + 1
            yield finding("LK390", source.path, line, column)
        else:
            codes = re.findall(r"LK\d+", match.group(1).decode())
            suppressed.setdefault(line + _stands_alone(source.raw, match.start()), set()).update(codes)
    yield from (one for one in _read(source, said, project) if one.code not in suppressed.get(one.line, ()))


def _read(source: Source, said: FileEvidence, project: Project) -> list[Finding]:
    """Parse a source, or match its text where there is no grammar or nesting is beyond reason."""
    parser = syntax.parser(source.language)
    if parser is None:
        return list(text_matching.findings(source, said))
    root = parser.parse(source.text).root_node
    folder = Folder(root, source.text, project.constants)
    try:
        by_path = PathDetector(source, folder, said, project).findings()
        return [*by_path, *name_detector.findings(source, folder, said, project)]
    except RecursionError:
        return list(text_matching.findings(source, said))


def _stands_alone(raw: bytes, offset: int) -> bool:
    """Return True if a comment is alone on its line, so that it speaks of the next one."""
    before = raw[raw.rfind(b"\n", 0, offset) + 1 : offset]
    return not re.search(rb"\w", before)


def to_text(findings: Iterable[Finding]) -> str:
    """Write one line a finding, `path:line:col: [code] message`, followed by its replacement, indented."""
    return "".join(f"{found}\n    {found.replacement}\n" for found in findings)


def to_json(findings: Iterable[Finding]) -> str:
    """Write a JSON array of the findings' fields."""
    return json.dumps([asdict(found) for found in findings], indent=2, ensure_ascii=False) + "\n"


def to_sarif(findings: Iterable[Finding], *, version: str = "0") -> str:
    """Write a SARIF 2.1.0 log, which code hosts show beside the lines; `version` is that of leverkit."""
    return json.dumps(sarif.log(list(findings), version=version), indent=2, ensure_ascii=False) + "\n"
