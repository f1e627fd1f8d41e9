"""Creating opportunities: `POST /opportunities` with dedupe by e-mail (section 3.6), and by users."""

from __future__ import annotations

from typing import Any

from leverkit.emulator.account import events
from leverkit.emulator.account.account import Account, Object
from leverkit.emulator.account.changes import append_new, derived_tags, merged_contact_data, update_contact
from leverkit.emulator.account.filters import flag
from leverkit.emulator.account.objects import blank_object
from leverkit.emulator.account.opportunity import Row
from leverkit.emulator.account.views import BLANK, contact_source, mutation_result
from leverkit.emulator.endpoints import files
from leverkit.emulator.endpoints.opportunity_writes import check_past, mutation_response, performer, writable
from leverkit.emulator.endpoints.tag_rules import string_list
from leverkit.emulator.http.forms import LISTS
from leverkit.emulator.http.request import Request
from leverkit.emulator.response import RequestError, Response, bad_request, encode, not_found, ok

TEXTS = ("name", "headline", "stage", "location", "owner", "contact", "origin", "opportunityLocation")
ORIGINS = ("agency", "applied", "internal", "referred", "sourced", "university")


def blank_opportunity(identifier: str, contact: str, person: Object, stage: str, at: int) -> Object:
    """Return a new opportunity without posting, keys in Lever's order (section 3.5)."""
    show = f"https://hire.lever.co/candidates/{identifier}"
    times = dict.fromkeys(("createdAt", "updatedAt", "lastInteractionAt", "lastAdvancedAt"), at)
    return blank_object(
        "opportunity",
        id=identifier,
        contact=contact,
        stage=stage,
        stageChanges=[{"toStageId": stage, "toStageIndex": 0, "updatedAt": at}],
        urls={"list": "https://hire.lever.co/candidates", "show": show},
        **person,
        **times,
    )


def create(account: Account, contact: str | None, fields: Object, *, by: str | None = None) -> Row:
    """Create an opportunity from Lever's field names, of a new contact if none is given; `by` a user.

    Data of an existing contact wins; e-mails, phones and links are added (section 3.6). A posting adds tags.
    """
    stage = str(fields.get("stage") or "lead-new")
    if stage not in account.ranks:
        raise bad_request("stage must be the id of a stage")
    at = int(fields.get("createdAt") or account.tick())
    siblings = account.by_contact.get(contact or "", [])
    person: Object = {name: fields.get(name) or blank for name, blank in BLANK.items()}
    if siblings:
        person = merged_contact_data(contact_source(siblings), person)
    value = blank_opportunity(account.new_id(), contact or account.new_id(), person, stage, at)
    taken = ("tags", "sources", "origin", "owner", "followers", "archived", "sourcedBy", "confidentiality")
    value.update({name: fields[name] for name in taken if name in fields})
    value["stageChanges"][0].update({"toStageIndex": list(account.ranks).index(stage)} | _user(by))
    posting = next(iter(fields.get("postings") or ()), None)
    _link_posting(account, value, posting, fields.get("opportunityLocation"))
    row = account.insert(encode(value), posting)
    account.created_ids.add(row.id)
    _emit_events(account, row, new=not siblings)
    if siblings and any(contact_source(siblings).get(name) != value for name, value in person.items()):
        update_contact(account, row.contact, person)
    return row


def _user(by: str | None) -> Object:
    return {"userId": by} if by else {}


def _link_posting(account: Account, value: Object, posting: str | None, location: str | None = None) -> None:
    """Link an opportunity to a posting: an application, the posting's tags, its confidentiality."""
    if posting is None:
        return
    found = account.posting(posting)
    value["applications"] = [account.new_id()]
    value["tags"] = append_new(value["tags"], derived_tags(found))
    value["confidentiality"] = found.get("confidentiality", "non-confidential")
    place = location or _posting_location(found.get("categories") or {})
    if place:
        value["opportunityLocation"] = place


def _posting_location(categories: Object) -> str | None:
    """Return where a posting is: its one location, or "unspecified" for several (section 3.5)."""
    location: str | None = categories.get("location")
    return "unspecified" if len(categories.get("allLocations") or ()) > 1 else location


def _emit_events(account: Account, row: Row, *, new: bool) -> None:
    account.reset_emails()
    if new:
        events.emit_for_contact(account, "contactCreated", row.contact)
    if row.application is not None:
        events.emit_for_opportunity(account, "applicationCreated", row, applicationId=row.application)


def _checked(account: Account, fields: Object) -> Object:
    for name in LISTS:
        string_list({name: [], **fields}, name)
    if len(fields.get("postings") or ()) > 1:
        raise bad_request("Only one posting may be specified")
    for name in TEXTS:
        if not isinstance(fields.get(name), str | None):
            raise bad_request(f"{name} must be a string")
    if fields.get("origin") not in (None, *ORIGINS):
        raise bad_request(f"origin must be one of {', '.join(ORIGINS)}")
    phones: Any = [] if fields.get("phones") is None else fields["phones"]
    if not isinstance(phones, list) or not all(isinstance(item, dict) for item in phones):
        raise bad_request("phones must be an array of objects")
    check_past(account, fields.get("createdAt"))
    return _archived(account, fields)


def _archived(account: Account, fields: Object) -> Object:
    """Return the fields with `archived` complete. Raises RequestError 400 without a reason, or for a time
    that is not after `createdAt`.
    """
    given = fields.get("archived")
    if given is None:
        return {name: value for name, value in fields.items() if name != "archived"}
    reasons = [reason["id"] for reason in account.archive_reasons]
    if not isinstance(given, dict) or given.get("reason") not in reasons:
        raise bad_request("archived needs the id of an archive reason")
    at = given.get("archivedAt", account.now())
    if type(at) is not int or ("archivedAt" in given and not 0 <= fields.get("createdAt", at) < at):
        raise bad_request("archivedAt must be a timestamp after createdAt")
    return {**fields, "archived": {"reason": given["reason"], "archivedAt": at}}


def _contact(account: Account, fields: Object) -> str | None:
    """Return the existing contact: the one named, or one with an e-mail of the request."""
    named = fields.get("contact")
    if named is not None:
        rows = account.by_contact.get(named)
        if rows is None:
            raise not_found("contacts", named)
        if all(row.anonymized for row in rows):
            raise bad_request("Anonymized contacts cannot be linked")
        return str(named)
    found = sorted(set().union(*(account.contacts_with(email) for email in fields.get("emails") or ())))
    return found[0] if found else None


def post_opportunity(request: Request) -> Response:
    """POST /opportunities: 201 with `deduped`; perform_as is required and becomes owner and follower.

    The response lacks opportunityLocation, and Lever sets updatedAt once more afterwards (section 3.3).
    """
    account, user = request.account, performer(request, required=True)
    given, attached = request.form()
    fields = {name: value for name, value in _checked(account, given).items() if value is not None}
    fields.setdefault("owner", _owner(request, fields) or user)
    fields["followers"] = append_new(fields.get("followers", []), [user] if user else [])
    fields.setdefault("sourcedBy", user if fields.get("origin", "sourced") == "sourced" else None)
    fields.pop("confidentiality", None)  # the posting decides it
    contact = _contact(account, fields)
    row = create(account, contact, fields, by=user)
    for file in attached:
        files.store(account, row, "resumes" if file.field == "resumeFile" else "files", file)
    response = ok(mutation_result(row, blank=False), status=201, deduped=contact is not None)
    account.edit(row, lambda value: None)
    return response


def _owner(request: Request, fields: Object) -> str | None:
    """Return the posting's owner by `perform_as_posting_owner`. Raises RequestError 400 without a posting."""
    if not flag(request.query, "perform_as_posting_owner"):
        return None
    if not fields.get("postings"):
        raise bad_request("perform_as_posting_owner needs one posting")
    owner: str | None = request.account.postings.get(fields["postings"][0], {}).get("owner")
    return owner


def post_candidate(request: Request) -> Response:
    """POST /candidates: makes a new opportunity as well (section 4)."""
    if not request.config.candidates_create:
        raise RequestError(405, "POST is not allowed", code="MethodNotAllowedError")
    return post_opportunity(request)


def add_postings(request: Request) -> Response:
    """POST …/addPostings `{"postings": [id]}`: applies an opportunity to a posting, and un-archives it."""
    row, _ = writable(request), performer(request)
    given = request.json().get("postings")
    if not isinstance(given, list) or len(given) != 1 or not isinstance(given[0], str):
        raise bad_request("postings must hold one posting id")
    value = row.object()
    _link_posting(request.account, value, given[0])
    value.update(archived=None, updatedAt=request.account.tick())
    request.account.replace(row, value, posting=given[0])
    events.emit_for_opportunity(request.account, "applicationCreated", row, applicationId=row.application)
    return mutation_response(request, row)
