"""Rules with stable codes, and findings as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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


FAN_OUT = (
    "If the tag is about the person: take `contact`, GET /opportunities?contact_id=…, "
    "and POST /opportunities/:id/addTags (or removeTags) for each. "
    "If it is about one candidacy: only switch the endpoint."
)
_SAME_ID = "the id stays the same: a candidateId is an opportunityId"

_RULES = (
    Rule(
        "LK301",
        "CandidateTags",
        "warning",
        "deprecated candidate tags endpoint: it tags one opportunity, not the person",
        FAN_OUT,
    ),
    Rule(
        "LK302",
        "CandidateWrite",
        "warning",
        "deprecated candidate endpoint that writes",
        f"Use the same call under /opportunities/:id; {_SAME_ID}.",
    ),
    Rule(
        "LK303",
        "CandidateRead",
        "warning",
        "deprecated candidate endpoint that reads: one row an opportunity, not one a person",
        f"Use the same call under /opportunities; {_SAME_ID}; the person is `contact`.",
    ),
    Rule(
        "LK304",
        "CandidateCreate",
        "warning",
        "deprecated candidate creation: for a known person it makes another opportunity",
        "Use POST /opportunities to create. To tag a known person create nothing: " + FAN_OUT,
    ),
    Rule(
        "LK305",
        "CreateToTag",
        "warning",
        "creates an opportunity in order to add a tag",
        "Create nothing. " + FAN_OUT,
    ),
    Rule(
        "LK306",
        "TagOnOne",
        "note",
        "tag write that reaches one opportunity and does not fan out over the contact's others",
        FAN_OUT,
    ),
    Rule(
        "LK307",
        "CandidateIdAsPerson",
        "warning",
        "candidateId from a webhook is the id of one opportunity, not of a person",
        "Use data.opportunityId for the candidacy and data.contactId for the person.",
    ),
    Rule(
        "LK308",
        "WebhookSignature",
        "warning",
        "Lever signs token + triggeredAt and sends the signature in the JSON body, not in a header",
        "HMAC-SHA256(signature token, body.token + decimal(body.triggeredAt)), compared with body.signature.",
    ),
    Rule(
        "LK390",
        "SuppressionWithoutReason",
        "warning",
        "suppression without a reason: it has no effect",
        "Write `leverkit: ignore[CODE] why`.",
    ),
)
RULES: Mapping[str, Rule] = MappingProxyType({rule.code: rule for rule in _RULES})


def make_finding(
    code: str, path: str, line: int, column: int, *, detail: str = "", how: str = "parsed"
) -> Finding:
    """Return a finding of a rule at a place."""
    rule = RULES[code]
    message = f"{rule.message}: {detail}" if detail else rule.message
    return Finding(path, line, column, code, message, rule.replacement, rule.level, detail, how)
