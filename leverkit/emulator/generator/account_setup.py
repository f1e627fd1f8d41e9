"""Users, stages, archive reasons and the smaller lists of a generated account."""

from __future__ import annotations

from pathlib import Path
from random import Random

from leverkit.emulator.account.account import EPOCH_MS, Account, Object
from leverkit.emulator.account.objects import blank_object
from leverkit.emulator.generator.postings import DAY, uuid4
from leverkit.emulator.generator.vocabulary import word
from leverkit.emulator.response import decode

ROLES = ("super admin", "admin", "team member", "limited team member", "interviewer")
LISTS = decode(Path(__file__).with_name("account_setup.json").read_bytes())
SOURCES: list[str] = LISTS["sources"]


def _user(rng: Random, number: int) -> Object:
    first, last = word(rng), word(rng)
    return blank_object(
        "user",
        id=uuid4(rng),
        name=f"{first} {last}",
        username=f"{first}.{last}".lower(),
        email=f"{first}.{last}@example.com".lower(),
        accessRole=ROLES[min(number, len(ROLES) - 1) if number < 5 else number % len(ROLES)],
        createdAt=EPOCH_MS - (2200 - number * 37) * DAY,
        deactivatedAt=EPOCH_MS - 90 * DAY if number % 6 == 5 else None,
    )


def add_lookups(account: Account, rng: Random) -> None:
    """Add users, stages (with slugs and uuids) and archive reasons to an account."""
    users = [_user(rng, number) for number in range(14)]
    account.users = {user["id"]: user for user in users}
    account.add_stages({**stage, "id": stage["id"] or uuid4(rng)} for stage in LISTS["stages"])
    account.archive_reasons = [{"id": uuid4(rng), **reason} for reason in LISTS["archive_reasons"]]


def add_accounts_lists(account: Account, rng: Random) -> None:
    """Add the lists that have nothing to do with tags: requisitions, templates, audit events."""
    users = list(account.users.values())
    times = dict.fromkeys(("createdAt", "updatedAt"), EPOCH_MS - 900 * DAY)
    account.lists = {
        "requisitions": [_requisition(rng, users, number) for number in range(5)],
        "requisition_fields": [field | times for field in LISTS["requisition_fields"]],
        "feedback_templates": [
            _template(rng, text, number) for number, text in enumerate(("Screen", "On-site"))
        ],
        "form_templates": [_template(rng, "Profile form", 2)],
        "audit_events": [_audit_event(rng, user, number) for number, user in enumerate(users)],
    }


def _requisition(rng: Random, users: list[Object], number: int) -> Object:
    at = EPOCH_MS - (300 - number) * DAY
    return blank_object(
        "requisition",
        id=uuid4(rng),
        requisitionCode=f"REQ-{number + 1}",
        name=f"Invented requisition {number + 1}",
        confidentiality="confidential" if number == 2 else "non-confidential",
        createdAt=at,
        creator=rng.choice(users)["id"],
        owner=rng.choice(users)["id"],
        hiringManager=rng.choice(users)["id"],
        updatedAt=at,
    )


def _template(rng: Random, text: str, number: int) -> Object:
    at = EPOCH_MS - (900 - number) * DAY
    field = {"id": uuid4(rng), "type": "textarea", "text": "Comment", "required": False, "description": ""}
    return blank_object("template", id=uuid4(rng), text=text, fields=[field], createdAt=at, updatedAt=at)


def _audit_event(rng: Random, user: Object, number: int) -> Object:
    return {
        "id": uuid4(rng),
        "createdAt": EPOCH_MS - (100 - number) * DAY,
        "type": "user:created",
        "user": {"id": user["id"], "email": user["email"], "name": user["name"]},
        "target": {"type": "user", "id": user["id"], "label": user["name"]},
        "meta": {},
    }
