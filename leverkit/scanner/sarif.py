"""Findings as SARIF 2.1.0, for code hosts (https://docs.oasis-open.org/sarif/sarif/v2.1.0/)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from leverkit.scanner.rules import RULES, Finding, Rule

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif_log(findings: Sequence[Finding], *, version: str) -> dict[str, Any]:
    """Return one SARIF log with one run; `version` is that of leverkit."""
    driver = {"name": "leverkit", "version": version, "rules": [_rule(rule) for rule in RULES.values()]}
    results = [_result(found) for found in findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.message},
        "help": {"text": rule.replacement},
        "defaultConfiguration": {"level": rule.level},
    }


def _result(found: Finding) -> dict[str, Any]:
    path = PurePath(found.path)
    place = {
        "artifactLocation": {"uri": path.as_uri() if path.is_absolute() else quote(path.as_posix())},
        "region": {"startLine": found.line, "startColumn": found.column},
    }
    fingerprint = hashlib.sha256(f"{found.code}\0{path.as_posix()}\0{found.detail}".encode()).hexdigest()
    return {
        "ruleId": found.code,
        "ruleIndex": list(RULES).index(found.code),
        "level": found.level,
        "message": {"text": f"{found.message}. {found.replacement}"},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"leverkit/v1": fingerprint},
        "properties": {"how": found.how},
    }
