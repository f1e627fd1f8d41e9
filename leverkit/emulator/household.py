"""The furniture of a generated account: users, pipeline, archive reasons, sources."""

from __future__ import annotations

from random import Random

from leverkit.emulator.account import EPOCH_MS, Account, Object
from leverkit.emulator.openings import DAY, uuid4
from leverkit.emulator.vocabulary import word

ROLES = ("super admin", "admin", "team member", "limited team member", "interviewer")
STAGES = (
    ("lead-new", "New lead", "lead", 1),
    ("lead-reached-out", "Reached out", "lead", 3),
    ("lead-responded", "Responded", "lead", 5),
    ("applicant-new", "New applicant", "applicant", 101),
    (None, "Hiring manager review", "applicant", 105.5),
    (None, "Phone screen", "screen", 201),
    (None, "Second screen", "screen", 230.5),
    (None, "On-site interview", "onsite", 231),
    (None, "Reference check", "onsite", 231.5),
    ("offer", "Offer", "offer", 261),
    (None, "Background check", "offer", 265.5),
)
REASONS = (
    ("Hired", "active", "hired"),
    ("Underqualified", "active", "non-hired"),
    ("Withdrew", "active", "non-hired"),
    ("Position closed", "active", "non-hired"),
    ("Timing", "active", "non-hired"),
    ("Offer declined", "active", "non-hired"),
    ("No response - OLD", "inactive", "non-hired"),
)
SOURCES = (
    "LinkedIn",
    "Referral",
    "Company website",
    "GitHub",
    "Job fair",
    "Indeed",
    "AngelList",
    "Agency: Nimbus",
)


def _user(rng: Random, number: int) -> Object:
    first, last = word(rng), word(rng)
    return {
        "id": uuid4(rng),
        "name": f"{first} {last}",
        "username": f"{first}.{last}".lower(),
        "email": f"{first}.{last}@example.com".lower(),
        "accessRole": ROLES[min(number, len(ROLES) - 1) if number < 5 else number % len(ROLES)],
        "photo": None,
        "createdAt": EPOCH_MS - (2200 - number * 37) * DAY,
        "deactivatedAt": EPOCH_MS - 90 * DAY if number % 6 == 5 else None,
        "externalDirectoryId": None,
        "linkedContactIds": None,
        "jobTitle": None,
        "managerId": None,
    }


def furnish(account: Account, rng: Random) -> None:
    """Give an account its users, stages with slugs and uuids, and archive reasons."""
    users = [_user(rng, number) for number in range(14)]
    account.users = {user["id"]: user for user in users}
    account.add_stages(
        {
            "id": slug or uuid4(rng),
            "text": text,
            "pipeline": pipeline,
            "rank": rank,
            "hasInterview": rank in (201, 230.5, 231),
        }
        for slug, text, pipeline, rank in STAGES
    )
    account.archive_reasons = [
        {"id": uuid4(rng), "text": text, "status": status, "type": kind} for text, status, kind in REASONS
    ]
