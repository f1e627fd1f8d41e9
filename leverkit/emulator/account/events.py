"""The `data` of each webhook event (section 8.3). There is none for tag changes, merges, anonymization."""

from __future__ import annotations

from typing import Any

from leverkit.emulator.account.account import Account, Object
from leverkit.emulator.account.opportunity import Row

EVENTS = (
    "applicationCreated",
    "candidateHired",
    "candidateStageChange",
    "candidateArchiveChange",
    "candidateDeleted",
    "interviewCreated",
    "interviewUpdated",
    "interviewDeleted",
    "contactCreated",
    "contactUpdated",
)
CONDITIONAL = ("applicationCreated", "candidateArchiveChange", "candidateHired", "candidateStageChange")
ORIGINS = ("applied", "sourced", "referred", "university", "internal", "agency")
ATTESTED = {
    "candidateStageChange": ("opportunityId", "candidateId", "contactId", "toStageId", "fromStageId"),
    "candidateArchiveChange": ("opportunityId", "fromArchived", "toArchived"),
    "candidateHired": ("opportunityId",),
    "candidateDeleted": ("opportunityId",),
    "applicationCreated": ("applicationId", "opportunityId"),
}


def emit_for_opportunity(account: Account, event: str, row: Row, **more: Any) -> None:
    """Emit an event about an opportunity. candidateId equals opportunityId unless switched (row 28)."""
    candidate = row.id if account.config.webhook_candidate_id == "equal" else account.new_id()
    data: Object = {"opportunityId": row.id, "candidateId": candidate, "contactId": row.contact, **more}
    if account.config.webhook_fields == "attested":
        data = {name: value for name, value in data.items() if name in ATTESTED.get(event, data)}
    account.emit(event, {"data": data, "origin": row.origin})


def emit_for_child(account: Account, kind: str, verb: str, row: Row | None, item: Object) -> None:
    """Emit interviewCreated, interviewUpdated or interviewDeleted; no other kind of object has events."""
    if row is not None and kind == "interviews":
        emit_for_opportunity(account, f"interview{verb}", row, interviewId=item["id"])


def emit_for_contact(account: Account, event: str, contact: str) -> None:
    """Emit contactCreated or contactUpdated."""
    account.emit(event, {"data": {"contactId": contact}, "origin": None})
