"""Rules with stable codes, and findings as values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType


@dataclass(frozen=True)
class Rule:
    """A rule. `code` never changes its meaning; `level` is that of SARIF."""

    code: str
    name: str
    level: str
    message: str
    replacement: str


@dataclass(frozen=True, order=True)
class Finding:
    """One place in a file. Lines and columns start at 1, columns count characters.

    `detail` is the folded path (placeholders in braces) or the name; `how` is "parsed" if a syntax tree was
    read and "text" if only text was matched.
    """

    path: str
    line: int
    column: int
    code: str
    message: str
    replacement: str
    level: str = "warning"
    detail: str = ""
    how: str = "parsed"

    def __str__(self) -> str:
        how = "" if self.how == "parsed" else " (text match)"
        return f"{self.path}:{self.line}:{self.column}: [{self.code}] {self.message}{how}"


def _read_rules() -> Mapping[str, Rule]:
    """Return the rules of rules.toml by their codes."""
    document = tomllib.loads(Path(__file__).with_name("rules.toml").read_text(encoding="utf-8"))

    def rule(code: str, texts: Mapping[str, str]) -> Rule:
        return Rule(code, **{name: text.format(**document["common"]) for name, text in texts.items()})

    return MappingProxyType({code: rule(code, texts) for code, texts in document["rules"].items()})


RULES = _read_rules()


def make_finding(
    code: str, path: str, line: int, column: int, *, detail: str = "", how: str = "parsed"
) -> Finding:
    """Return a finding of a rule at a place."""
    rule = RULES[code]
    message = f"{rule.message}: {detail}" if detail else rule.message
    return Finding(path, line, column, code, message, rule.replacement, rule.level, detail, how)
