"""What people do in Lever's own pages, much of which has no endpoint: delete, merge, anonymize, …"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leverkit.emulator.account import Account, Object
from leverkit.emulator.answers import bad_request, not_found
from leverkit.emulator.rows import Row, encode
from leverkit.emulator.views import BLANK


def appended(present: list[str], new: list[str]) -> list[str]:
    """Return a set in order of insertion: new ones at the end, none twice (section 3.3)."""
    return list(dict.fromkeys([*present, *new]))


def set_list(account: Account, row: Row, field: str, values: list[str]) -> bool:
    """Set tags or sources; a change bumps updatedAt and nothing else, no change bumps nothing."""
    if row.object().get(field) == values:
        return False
    account.edit(row, lambda value: value.update({field: values}))
    return True


def update_contact(account: Account, contact: str, fields: Object) -> None:
    """Change contact data, so all of the contact's opportunities."""
    for row in account.by_contact.get(contact, ()):
        account.edit(row, lambda value: value.update(fields))
    account.forget_emails()


def add_tags(account: Account, opportunity: str, tags: Sequence[str]) -> None:
    """Append tags."""
    row = account.row(opportunity)
    set_list(account, row, "tags", appended(list(row.tags), list(tags)))


def remove_tags(account: Account, opportunity: str, tags: Sequence[str]) -> None:
    """Take tags away."""
    row = account.row(opportunity)
    set_list(account, row, "tags", [tag for tag in row.tags if tag not in tags])


def move(account: Account, opportunity: str, stage: str, *, user: str | None = None) -> None:
    """Change the stage: sets lastAdvancedAt and appends to stageChanges; an archived one stays archived (section 3.5)."""
    if stage not in account.ranks:
        raise not_found("stages", stage)
    place = list(account.ranks).index(stage)

    def change(value: Object) -> None:
        at = account.tick()
        entry = {"toStageId": stage, "toStageIndex": place, "updatedAt": at}
        value["stageChanges"] = [*value["stageChanges"], entry | ({"userId": user} if user else {})]
        value.update(stage=stage, lastAdvancedAt=at, lastInteractionAt=at)

    account.edit(account.row(opportunity), change)


def archive(account: Account, opportunity: str, reason: str | None) -> None:
    """Archive with a reason, or with None un-archive; a second archiving keeps lastAdvancedAt (section 3.5)."""
    row = account.row(opportunity)
    if reason is not None and all(each["id"] != reason for each in account.archive_reasons):
        raise not_found("archive_reasons", reason)

    def change(value: Object) -> None:
        at = account.tick()
        if reason is not None and value["archived"] is None:
            value["lastAdvancedAt"] = at
        value["archived"] = None if reason is None else {"reason": reason, "archivedAt": at}
        value["lastInteractionAt"] = at

    account.edit(row, change)


def delete(account: Account, opportunity: str) -> None:
    """Delete: gone from every list, and in the deleted one."""
    row = account.row(opportunity)
    value = row.object() | BLANK
    value.update(deletedBy=next(iter(account.users), None), deletedAt=account.tick())
    if len(account.by_contact[row.contact]) == 1:
        account.contacts.pop(row.contact, None)
    account.remove(row)
    account.deleted.append(value)


def anonymize(account: Account, opportunity: str) -> None:
    """Blank the person's data; tags, sources and origin stay (section 9.3). Only archived ones, so it archives first."""
    row = account.row(opportunity)
    if row.archived is None:
        reasons = [each["id"] for each in account.archive_reasons if each["type"] != "hired"]
        archive(account, opportunity, reasons[0])

    def change(value: Object) -> None:
        value.update(BLANK)
        value["isAnonymized"] = True

    account.edit(row, change)
    account.forget_emails()


def merge(account: Account, loser: str, winner: str) -> None:
    """Link every opportunity of `loser` to `winner`, whose data it then shows (section 9.2)."""
    if loser == winner or winner not in account.by_contact or loser not in account.by_contact:
        raise bad_request("Two contacts with opportunities are needed")
    kept = account.by_contact[winner][0].object()
    cumulated = {
        name: appended(kept[name], account.by_contact[loser][0].object()[name])
        for name in ("emails", "links")
    }
    shared = {name: kept[name] for name in BLANK} | cumulated

    def change(value: Object) -> None:
        value.update(shared, contact=winner)

    for row in [*account.by_contact[loser], *account.by_contact[winner]]:
        account.edit(row, change)
    account.forget_emails()


def set_confidential(account: Account, opportunity: str, confidential: bool) -> None:
    """Make an opportunity confidential, or not."""
    word = "confidential" if confidential else "non-confidential"
    account.edit(account.row(opportunity), lambda value: value.update(confidentiality=word))


def create(account: Account, contact: str | None, fields: Object) -> str:
    """Create an opportunity with Lever's field names; contact data comes from an existing contact, and wins."""
    at, identifier = account.tick(), account.new_id()
    stage = str(fields.get("stage") or "lead-new")
    siblings = account.by_contact.get(contact or "", [])
    person: dict[str, Any] = {name: fields.get(name, blank) for name, blank in BLANK.items()}
    if siblings:
        known = siblings[0].object()
        person = {name: known[name] for name in BLANK}
    value = opportunity(identifier, contact or account.new_id(), person, stage, at)
    value.update({name: given for name, given in fields.items() if name in value and name not in person})
    value["stageChanges"][0]["toStageIndex"] = list(account.ranks).index(stage)
    account.insert(encode(value), None)
    return identifier


def opportunity(identifier: str, contact: str, person: Object, stage: str, at: int) -> Object:
    """Return a new opportunity without posting, keys in Lever's order (section 3.5)."""
    return {
        "id": identifier,
        "name": person["name"],
        "contact": contact,
        "headline": person["headline"],
        "stage": stage,
        "confidentiality": "non-confidential",
        "location": person["location"],
        "phones": person["phones"],
        "emails": person["emails"],
        "links": person["links"],
        "archived": None,
        "tags": [],
        "sources": [],
        "stageChanges": [{"toStageId": stage, "toStageIndex": 0, "updatedAt": at}],
        "origin": "sourced",
        "sourcedBy": None,
        "owner": None,
        "followers": [],
        "applications": [],
        "createdAt": at,
        "updatedAt": at,
        "lastInteractionAt": at,
        "lastAdvancedAt": at,
        "snoozedUntil": None,
        "urls": {
            "list": "https://hire.lever.co/candidates",
            "show": f"https://hire.lever.co/candidates/{identifier}",
        },
        "isAnonymized": False,
        "dataProtection": None,
    }
