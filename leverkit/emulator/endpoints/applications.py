"""New postings, and applications to a posting as a job site sends them (Lever's documentation)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from leverkit.emulator.account.account import Object
from leverkit.emulator.account.objects import blank_object
from leverkit.emulator.endpoints import creation, files
from leverkit.emulator.endpoints.opportunity_writes import performer
from leverkit.emulator.endpoints.postings import find_posting, has_posting_type
from leverkit.emulator.generator import postings
from leverkit.emulator.http.request import Request
from leverkit.emulator.response import Response, bad_request, decode, ok

STATES = ("published", "internal", "closed", "draft", "pending", "rejected")
CATEGORIES = ("team", "department", "location", "commitment")
QUESTIONS = decode(Path(__file__).with_name("questions.json").read_bytes())
REQUIRED = [question["name"] for question in QUESTIONS["personalInformation"] if question["required"]]


def questions(request: Request) -> Response:
    """GET /postings/:id/apply: the questions of a posting's form."""
    posting = find_posting(request)
    return ok({"id": posting["id"], "text": posting["text"], "customQuestions": [], **QUESTIONS})


def create(request: Request) -> Response:
    """POST /postings: a draft unless the state says otherwise."""
    account, user, body = request.account, performer(request), request.json()
    if not isinstance(body.get("text"), str) or not body["text"].strip():
        raise bad_request("text is required")
    blank = postings.blank_posting(account.new_id(), body["text"], (None, None, None, None), ())
    fields = {name: value for name, value in body.items() if name in blank and name != "id"}
    if not all(has_posting_type(name, blank[name], value) for name, value in fields.items()):
        raise bad_request("A field of the posting has the wrong type")
    if fields.get("state", "draft") not in STATES:
        raise bad_request(f"state must be one of {', '.join(STATES)}")
    at = account.tick()
    categories = {**blank["categories"], **fields.get("categories", {})}
    people = dict.fromkeys(("user", "owner", "hiringManager"), user)
    times = {"createdAt": at, "updatedAt": at}
    posting = {**blank, "state": "draft", **people, **fields, "categories": categories, **times}
    account.postings[posting["id"]] = posting
    return ok(posting, status=201)


def _values_by_name(body: Object, part: str) -> dict[str, str]:
    """Return the values of one part of an application by name. Raises RequestError 400 for another shape."""
    given: Any = body.get(part) or []
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise bad_request(f"{part} must be an array of objects")
    values = {item.get("name"): item.get("value") for item in given}
    return {name: value for name, value in values.items() if isinstance(name, str) and isinstance(value, str)}


def _applicant(body: Object) -> Object:
    personal, links = _values_by_name(body, "personalInformation"), _values_by_name(body, "urls")
    missing = [name for name in REQUIRED if not personal.get(name, "").strip()]
    if missing:
        raise bad_request(f"Missing required fields: {', '.join(missing)}")
    origin, source = body.get("origin") or "applied", body.get("source")
    if origin not in ("applied", "internal"):
        raise bad_request("origin must be applied or internal")
    if not isinstance(source, str | None):
        raise bad_request("source must be a string")
    phone = personal.get("phone")
    return {
        "name": personal["fullName"],
        "emails": [personal["email"]],
        "phones": [{"value": phone}] if phone else [],
        "headline": personal.get("currentCompany", ""),
        "location": personal.get("currentLocation", ""),
        "links": [item for item in links.values() if item],
        "sources": [source] if source else [],
        "origin": origin,
        "stage": "applicant-new",
    }


def apply(request: Request) -> Response:
    """POST /postings/:id/apply: 201 with the application's id; the person is found again by e-mail."""
    account, posting, body = request.account, find_posting(request), request.json()
    if posting.get("state") not in ("published", "internal"):
        raise bad_request("Only a published or internal posting can be applied to")
    fields = {**_applicant(body), "postings": [posting["id"]], "owner": posting.get("owner")}
    if fields["stage"] not in account.ranks:
        fields["stage"] = next(iter(account.ranks))
    uri = _values_by_name(body, "personalInformation").get("resume")
    resume = files.uploaded(account, uri) if uri else None
    known = sorted(account.contacts_with(fields["emails"][0]))
    row = creation.create(account, known[0] if known else None, fields)
    if resume is not None:
        files.store(account, row, "resumes", resume)
    return ok({"applicationId": row.application}, status=201)


def surveys(request: Request) -> Response:
    """GET /surveys/diversity/:posting: the account's one invented survey, filtered by `country_code`."""
    posting = find_posting(request)
    if not request.account.is_generated:
        return ok([])
    identifier, at = re.sub("^.{8}", "5a5a5a5a", posting["id"]), posting["createdAt"]
    survey = blank_object("survey", id=identifier, createdAt=at, updatedAt=at)
    survey["fields"][0]["id"] = identifier
    countries = survey["candidateLocations"]["countryCodes"]
    shown = not set(request.query.get("country_code") or countries).isdisjoint(countries)
    return ok([survey] if shown else [])
