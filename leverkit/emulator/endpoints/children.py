"""The child objects of an opportunity: notes, resumes, offers, interviews and so on, generated or from files.

In a generated account they are computed from the opportunity's id when they are requested.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from leverkit.emulator.account import views
from leverkit.emulator.account.account import Account, Object
from leverkit.emulator.account.objects import blank_object
from leverkit.emulator.account.opportunity import Row
from leverkit.emulator.endpoints.opportunities import find, page, selected_fields, visible_opportunity
from leverkit.emulator.http.request import Request
from leverkit.emulator.response import Response, ok

GENERATED_PDF = Path(__file__).with_name("generated.pdf").read_bytes()  # one line: "An invented document"
DAY = 86_400_000
LEVER = "https://api.lever.co/v1"
RARITY = {"feedback": 4, "files": 5, "interviews": 4, "notes": 3, "offers": 9, "panels": 4, "referrals": 8}
RARITY |= {"resumes": 2, "forms": 7}
KINDS = tuple(sorted({"applications", "file_actions", *RARITY}))


def with_local_urls(request: Request, item: Object) -> Object:
    """Return an object whose download URL is one of this server."""
    if isinstance(item.get("file"), dict):
        return {**item, "file": with_local_urls(request, item["file"])}
    if isinstance(item.get("downloadUrl"), str):
        return {**item, "downloadUrl": item["downloadUrl"].replace(LEVER, request.base_url, 1)}
    return item


def _id(row: Row, salt: int) -> str:
    """Return a uuid v4 computed from the opportunity's id."""
    number = int(row.id.replace("-", ""), 16) ^ (salt * 0x9E3779B97F4A7C15F39CC0605CEDC835) & ((1 << 128) - 1)
    text = f"{number & ((1 << 128) - 1):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def _form(row: Row, user: str | None, kind: str, text: str, salt: int) -> Object:
    at, field_id = row.created + DAY, _id(row, salt + 200)
    return blank_object(
        "form",
        id=_id(row, salt),
        type=kind,
        text=text,
        baseTemplateId=_id(row, salt + 100),
        fields=[{"id": field_id, "type": "textarea", "text": "Comment", "value": "Invented."}],
        user=user,
        stage=row.stage,
        **dict.fromkeys(("createdAt", "completedAt", "updatedAt"), at),
    )


def new_note(row: Row, user: str | None, identifier: str, text: str, at: int) -> Object:
    """Return a note with a text, by a user, at a time (ms since epoch)."""
    field: Object = {"type": "note", "text": "Comment", "value": text, "score": None}
    field |= {"stage": row.stage, "user": user, "createdAt": at}
    return blank_object("note", id=identifier, fields=[field], user=user, completedAt=at, createdAt=at)


def new_file(row: Row, kind: str, identifier: str, name: str, at: int, size: int) -> Object:
    """Return a file of an opportunity; among resumes, the resume that holds it, not parsed."""
    stem, dot, ending = name.rpartition(".")
    url = f"{LEVER}/opportunities/{row.id}/{kind}/{identifier}/download"
    ext = f"{dot}{ending}" if stem else ""
    file = blank_object("file", id=identifier, downloadUrl=url, ext=ext, name=name, uploadedAt=at, size=size)
    if kind != "resumes":
        return file
    return {"id": file.pop("id"), "createdAt": at, "file": file, "parsedData": None}


def _file(row: Row, kind: str, salt: int, name: str) -> Object:
    return new_file(row, kind, _id(row, salt), name, row.created, len(GENERATED_PDF))


def _offer(row: Row, user: str | None) -> Object:
    own: Object = {"id": _id(row, 3), "posting": row.posting, "createdAt": row.created + 20 * DAY}
    return blank_object("offer", **own, creator=user, candidateId=row.id)


def _panel(row: Row, user: str | None) -> Object:
    at = row.created + 10 * DAY
    return blank_object(
        "panel",
        id=_id(row, 4),
        applications=[row.application] if row.application else [],
        createdAt=at,
        start=at + DAY,
        end=at + DAY + 3_600_000,
        user=user,
        stage=row.stage,
        interviews=[_interview(row, user)],
    )


def _interview(row: Row, user: str | None) -> Object:
    at = row.created + 10 * DAY
    return blank_object(
        "interview",
        id=_id(row, 5),
        panel=_id(row, 4),
        interviewers=[{"id": user, "name": "An interviewer", "email": "interviewer@example.com"}],
        createdAt=at,
        date=at + DAY,
        user=user,
        stage=row.stage,
        postings=[row.posting] if row.posting else [],
    )


MAKERS: dict[str, Callable[[Row, str | None], Object]] = {
    "feedback": lambda row, user: {
        **_form(row, user, "interview", "Feedback", 6),
        "interview": _id(row, 5),
        "panel": _id(row, 4),
    },
    "files": lambda row, user: _file(row, "files", 7, "portfolio.pdf"),
    "forms": lambda row, user: _form(row, user, "form", "Profile form", 8),
    "interviews": _interview,
    "notes": lambda row, user: new_note(row, user, _id(row, 1), "An invented note.", row.created + DAY),
    "offers": _offer,
    "panels": _panel,
    "referrals": lambda row, user: {**_form(row, user, "referral", "Referral", 9), "referrer": user},
    "resumes": lambda row, user: {
        **_file(row, "resumes", 2, "resume.pdf"),
        "parsedData": {"positions": [], "schools": []},
    },
}


def children_of(account: Account, row: Row, kind: str) -> list[Object]:
    """Return the objects of a kind under an opportunity, newest first."""
    if kind == "applications":
        found: Any = views.application(account, row, row.object())
        return [found] if found else []
    stored = account.children.get((kind, row.id))
    return _generated(account, row, kind) if stored is None else stored


def stored_children(account: Account, row: Row, kind: str) -> list[Object]:
    """Return the list to be changed, stored from now on."""
    return account.children.setdefault((kind, row.id), children_of(account, row, kind))


def _generated(account: Account, row: Row, kind: str) -> list[Object]:
    maker = MAKERS.get(kind)
    if maker is None or not account.is_generated or row.id in account.created_ids:
        return []
    if row.anonymized or int(row.id[-6:], 16) % RARITY[kind]:
        return []
    return [maker(row, next(iter(account.users), None))]


def find_child(request: Request, kind: str) -> Object:
    """Return the object of a kind that the path names. Raises RequestError 404 or 403."""
    return find(children_of(request.account, visible_opportunity(request), kind), request.ids[1], kind)


def listing(kind: str, request: Request) -> Response:
    """GET …/:id/<kind>."""
    found = children_of(request.account, visible_opportunity(request), kind)
    key = "uploadedAt" if kind == "files" else "createdAt"
    return page(request, (with_local_urls(request, item) for item in found), key, descending=True)


def single(kind: str, request: Request) -> Response:
    """GET …/:id/<kind>/:id."""
    return ok(selected_fields(request, with_local_urls(request, find_child(request, kind))))
