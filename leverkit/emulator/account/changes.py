"""Changes that people make in Lever's pages; many have no endpoint: delete, merge, anonymize."""

from __future__ import annotations

from collections.abc import Sequence
from operator import methodcaller
from typing import Any

from leverkit.emulator.account import events
from leverkit.emulator.account.account import Account, Object
from leverkit.emulator.account.opportunity import Row
from leverkit.emulator.account.views import BLANK, contact, contact_source
from leverkit.emulator.response import bad_request, not_found


def derived_tags(posting: Object | None) -> list[str]:
    """Return the tags that Lever derives from a posting: title and categories, then its own (section 3.4)."""
    if posting is None:
        return []
    categories, own = posting.get("categories") or {}, posting.get("tags") or ()
    derived = [posting.get("text"), *map(categories.get, CATEGORIES), *own]
    return list(dict.fromkeys(tag for tag in derived if tag))


CATEGORIES = ("department", "team", "location", "commitment")


def append_new(present: Sequence[str], new: Sequence[str]) -> list[str]:
    """Return the present texts and then the new ones, none twice (section 3.3)."""
    return list(dict.fromkeys([*present, *new]))


def merged_contact_data(known: Object, new: Object) -> Object:
    """Return contact data in which known values win and e-mails, phones and links are added (3.6, 9.2)."""
    fields = {name: known.get(name) or new.get(name, blank) for name, blank in BLANK.items()}
    for name in ("emails", "phones", "links"):
        present: list[Any] = known.get(name, [])
        fields[name] = [*present, *(item for item in new.get(name, ()) if item not in present)]
    return fields


def set_list(account: Account, row: Row, field: str, values: list[str]) -> bool:
    """Set tags or sources and return True if that is a change; only a change sets updatedAt."""
    if row.object().get(field) == values:
        return False
    account.edit(row, lambda value: value.update({field: values}))
    return True


def update_contact(account: Account, identifier: str, fields: Object) -> None:
    """Change contact data on all opportunities of the contact; emit contactUpdated."""
    for row in account.by_contact.get(identifier, ()):
        if not row.anonymized:
            account.edit(row, lambda value: value.update(fields))
    account.reset_emails()
    events.emit_for_contact(account, "contactUpdated", identifier)


def add_tags(account: Account, opportunity: str, tags: Sequence[str]) -> None:
    """Append tags."""
    row = account.row(opportunity)
    set_list(account, row, "tags", append_new(row.tags, tags))


def remove_tags(account: Account, opportunity: str, tags: Sequence[str]) -> None:
    """Remove tags."""
    row = account.row(opportunity)
    set_list(account, row, "tags", [tag for tag in row.tags if tag not in tags])


def move(account: Account, opportunity: str, stage: str, *, user: str | None = None) -> None:
    """Change the stage: sets lastAdvancedAt; an archived opportunity stays archived (section 3.5)."""
    if stage not in account.ranks:
        raise not_found("stages", stage)
    row = account.row(opportunity)
    before, place = row.stage, list(account.ranks).index(stage)

    def change(value: Object) -> None:
        at = account.tick()
        entry = {"toStageId": stage, "toStageIndex": place, "updatedAt": at}
        by = {"userId": user} if user else {}
        value["stageChanges"] = [*value.get("stageChanges", ()), entry | by]
        value.update(stage=stage, lastAdvancedAt=at, lastInteractionAt=at)

    account.edit(row, change)
    events.emit_for_opportunity(account, "candidateStageChange", row, toStageId=stage, fromStageId=before)


def archive(account: Account, opportunity: str, reason: str | None) -> None:
    """Archive with a reason, or unarchive with None; archiving again keeps lastAdvancedAt (section 3.5)."""
    row = account.row(opportunity)
    found = next((item for item in account.archive_reasons if item["id"] == reason), None)
    if reason is not None and found is None:
        raise not_found("archive_reasons", reason)
    before: Any = row.object().get("archived")

    def change(value: Object) -> None:
        at = account.tick()
        if reason is not None and before is None:
            value["lastAdvancedAt"] = at
        value["archived"] = None if reason is None else {"reason": reason, "archivedAt": at}
        value["lastInteractionAt"] = at
        if reason is not None and account.config.archiving_drops_posting_tags:
            dropped = derived_tags(account.postings.get(row.posting or ""))
            value["tags"] = [tag for tag in value["tags"] if tag not in dropped]

    account.edit(row, change)
    after = row.object()["archived"]
    _archive_application(account, row, before, after)
    events.emit_for_opportunity(account, "candidateArchiveChange", row, fromArchived=before, toArchived=after)
    if found is not None and found.get("type") == "hired":
        events.emit_for_opportunity(account, "candidateHired", row)


def _archive_application(account: Account, row: Row, before: Any, after: Any) -> None:
    """Archive the application too; archiving again does not move its archivedAt (section 3.5)."""
    if row.application is not None:
        first = account.application_archives.get(row.application) or before
        if before and after:
            after = {"reason": after["reason"], "archivedAt": first["archivedAt"]}
        account.application_archives[row.application] = after


def delete(account: Account, opportunity: str) -> None:
    """Delete: the opportunity moves from all lists to the deleted list."""
    row = account.row(opportunity)
    value = row.object() | BLANK
    value.update(deletedBy=next(iter(account.users), None), deletedAt=account.tick())
    account.remove(row)
    account.deleted.append(value)
    if row.application is not None:
        gone = {"id": row.application, "deletedAt": value["deletedAt"]}
        gone |= {"opportunityId": row.id, "postingId": row.posting}
        account.lists.setdefault("deleted_applications", []).append(gone)
    events.emit_for_opportunity(account, "candidateDeleted", row)


def anonymize(account: Account, opportunity: str) -> None:
    """Blank the person's data; tags, sources and origin stay (section 9.3).

    Lever anonymizes only archived opportunities and no hires. An active one is archived first.
    """
    row = account.row(opportunity)
    hired = {reason["id"] for reason in account.archive_reasons if reason.get("type") == "hired"}
    if row.reason in hired:
        raise bad_request("A hired opportunity cannot be anonymized")
    if row.archived is None:
        reasons = (reason["id"] for reason in account.archive_reasons if reason["id"] not in hired)
        archive(account, opportunity, next(reasons))
    account.edit(row, lambda value: value.update(BLANK, isAnonymized=True))
    account.reset_emails()


def merge(account: Account, loser: str, winner: str) -> None:
    """Link every opportunity of `loser` to `winner`, whose data it then shows (section 9.2)."""
    known = account.by_contact
    if loser == winner or winner not in known or loser not in known:
        raise bad_request("Two contacts with opportunities are needed")
    person = merged_contact_data(contact_source(known[winner]), contact_source(known[loser]))
    if account.config.merge_loser == "answers":
        account.contacts[loser] = contact(account, loser) or {}
    for row in [*known[loser], *known[winner]]:
        fields = {"contact": winner} if row.anonymized else {**person, "contact": winner}
        account.edit(row, methodcaller("update", fields), touch=account.config.merge_bumps)
    account.merged_into[loser] = winner
    account.reset_emails()
    if account.config.merge_sends_contact_updated:
        events.emit_for_contact(account, "contactUpdated", winner)


def rename_tag(account: Account, tag: str, into: str | None = None) -> None:
    """Rename a tag in the settings, merge it into another, or without `into` remove it (section 3.4)."""
    _rewrite(account, "tags", tag, into)


def rename_source(account: Account, source: str, into: str | None = None) -> None:
    """Do the same with a source."""
    _rewrite(account, "sources", source, into)


def _rewrite(account: Account, field: str, text: str, into: str | None) -> None:
    for row in [row for row in account.rows.values() if text in getattr(row, field)]:
        texts = [into if item == text else item for item in getattr(row, field)]
        set_list(account, row, field, append_new([], [item for item in texts if item is not None]))


def set_confidential(account: Account, opportunity: str, confidential: bool) -> None:
    """Make an opportunity confidential, or not."""
    word = _confidentiality(confidential)
    account.edit(account.row(opportunity), lambda value: value.update(confidentiality=word))


def _confidentiality(confidential: bool) -> str:
    return "confidential" if confidential else "non-confidential"


def set_posting_confidential(account: Account, posting: str, confidential: bool) -> None:
    """Make a posting confidential or not, and so its opportunities (section 1.5)."""
    change = {"confidentiality": _confidentiality(confidential), "updatedAt": account.tick()}
    account.posting(posting).update(change)
    for row in [row for row in account.rows.values() if row.posting == posting]:
        set_confidential(account, row.id, confidential)


def edit_posting(account: Account, identifier: str, fields: Object) -> Object:
    """Change a posting; tags of its active opportunities follow: old ones go, new ones are appended (3.4).

    `text` renames; `categories` are merged. Return the posting.
    """
    found = account.posting(identifier)
    before = derived_tags(found)
    categories = {**found.get("categories", {}), **fields.get("categories", {})}
    found.update({**fields, "categories": categories, "updatedAt": account.tick()})
    after = derived_tags(found)
    if account.config.renaming_rewrites_tags and before != after:
        gone, new = set(before) - set(after), [tag for tag in after if tag not in before]
        rows = [row for row in account.rows.values() if row.posting == identifier and row.archived is None]
        for row in rows:
            set_list(account, row, "tags", append_new([tag for tag in row.tags if tag not in gone], new))
    return found
