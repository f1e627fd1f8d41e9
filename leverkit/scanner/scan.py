"""Find uses of Lever's deprecated candidate endpoints in source code, each with its replacement.

Paths in, findings out. Parsed with tree-sitter: Python, JavaScript, TypeScript, Ruby, Go, PHP, Java, C#,
shell and notebooks. Postman collections are read as such. Other languages and data files are matched as
text, and their findings say so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType

from leverkit.errors import UsageError
from leverkit.scanner import attribution, sarif, sources, syntax
from leverkit.scanner.attribution import FileEvidence, ProjectEvidence
from leverkit.scanner.constant_folding import ConstantFolder
from leverkit.scanner.context import Context
from leverkit.scanner.detectors import names, signatures
from leverkit.scanner.detectors import text as text_detector
from leverkit.scanner.detectors.paths import PathDetector
from leverkit.scanner.rules import Finding, make_finding
from leverkit.scanner.sources import Source

_KEY_WORDS = b"candidates pportunities Tags andidateI andidate_tag lever Lever LEVER".split()
_SUPPRESSION = re.compile(rb"leverkit:\s*ignore\[([A-Z0-9,\s]+)\]([^\n]*)")
_NO_REASON = re.compile(rb"^[\s:*/#>-]*$")


@dataclass(frozen=True)
class Survey:
    """All findings, sorted; how many files were read; how many were skipped, by reason.

    `unread` counts the skipped files that hold the host of Lever's API, by the end of their names.
    """

    findings: tuple[Finding, ...]
    files: int
    skipped: Mapping[str, int] = field(default_factory=dict)
    unread: Mapping[str, int] = field(default_factory=dict)


def scan(paths: Iterable[Path | str], *, codes: Sequence[str] = ()) -> list[Finding]:
    """Return deprecated uses under files and folders, sorted by path, line and column.

    `codes` keeps only these (`LK301`, …). Raises UsageError for a path that does not exist.
    """
    return list(survey(paths, codes=codes).findings)


def survey(
    paths: Iterable[Path | str],
    *,
    codes: Sequence[str] = (),
    instead: Mapping[str, bytes] = MappingProxyType({}),
) -> Survey:
    """Scan like `scan`, and count the files read and skipped.

    `instead` holds contents to take instead of those on disk, by path: files as they would be after a fix.
    """
    if isinstance(paths, str | Path) or isinstance(codes, str):
        raise UsageError('`paths` and `codes` must be lists, not a single text: write ["src"]')
    skipped = sources.Skipped()
    projects: dict[str, list[tuple[Source, FileEvidence]]] = {}
    files = 0
    for source in sources.read_sources(paths, skipped, instead=instead):
        files += 1
        if any(word in source.text for word in _KEY_WORDS):
            projects.setdefault(source.project, []).append((source, attribution.file_evidence(source)))
    found = {finding for members in projects.values() for finding in _in_project(members)}
    kept = (finding for finding in found if not codes or finding.code in codes)
    reasons, unread = (dict(sorted((+counts).items())) for counts in (skipped.reasons, skipped.lever))
    return Survey(tuple(sorted(kept)), files, reasons, unread)


def _in_project(members: Sequence[tuple[Source, FileEvidence]]) -> Iterator[Finding]:
    project = attribution.project_evidence((source.path, evidence) for source, evidence in members)
    for source, evidence in members:
        yield from _findings(source, evidence, project)


def _findings(source: Source, evidence: FileEvidence, project: ProjectEvidence) -> Iterator[Finding]:
    suppressed: dict[int, set[str]] = {}
    for match in _SUPPRESSION.finditer(source.raw):
        line = source.raw.count(b"\n", 0, match.start()) + 1
        if _NO_REASON.match(match.group(2)):
            start = source.raw.rfind(b"\n", 0, match.start()) + 1
            column = len(source.raw[start : match.start()].decode("utf-8", "replace")) + 1
            yield make_finding("LK390", source.path, line, column)
        else:
            codes = re.findall(r"LK\d+", match.group(1).decode())
            suppressed.setdefault(line + _stands_alone(source.raw, match.start()), set()).update(codes)
    for finding in _read(source, evidence, project):
        if finding.code not in suppressed.get(finding.line, ()):
            yield finding


def _read(source: Source, evidence: FileEvidence, project: ProjectEvidence) -> list[Finding]:
    """Parse a source, or match its text if there is no grammar or it is nested too deeply."""
    parser = syntax.parser(source.language)
    if parser is None:
        return list(text_detector.findings(source, evidence))
    root = parser.parse(source.text).root_node
    folder = ConstantFolder(root, source.text, project.constants)
    context = Context(source, folder, evidence, project)
    try:
        by_name = (*names.findings(context), *signatures.findings(context))
        return [*PathDetector(context).findings(), *by_name]
    except RecursionError:
        return list(text_detector.findings(source, evidence))


def _stands_alone(raw: bytes, offset: int) -> bool:
    """Return True if a comment is alone on its line, so that it is about the next line."""
    before = raw[raw.rfind(b"\n", 0, offset) + 1 : offset]
    return not re.search(rb"\w", before)


def to_text(findings: Iterable[Finding]) -> str:
    """Return one line per finding, `path:line:col: [code] message`, followed by its replacement, indented."""
    return "".join(f"{found}\n    {found.replacement}\n" for found in findings)


def to_json(findings: Iterable[Finding]) -> str:
    """Return a JSON array of the findings' fields."""
    return json.dumps([asdict(found) for found in findings], indent=2, ensure_ascii=False) + "\n"


def to_sarif(findings: Iterable[Finding], *, version: str = "0") -> str:
    """Return a SARIF 2.1.0 log, which code hosts show beside the lines; `version` is that of leverkit."""
    return json.dumps(sarif.sarif_log(list(findings), version=version), indent=2, ensure_ascii=False) + "\n"
