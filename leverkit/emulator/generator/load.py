"""Load an account from a directory of JSON and JSON Lines files in Lever's shapes.

`opportunities.jsonl` (or .json) is needed. `postings`, `disposition_stages` or `stages`, `archive_reasons`,
`users`, `applications`, `deleted`, and lists such as `requisitions` are used where present; stages, archive
reasons and users that only opportunities name get invented texts, since every account has some.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from leverkit.emulator.account.account import EPOCH_MS, Account, Object, gc_paused
from leverkit.emulator.account.objects import blank_object
from leverkit.emulator.account.opportunity import Row
from leverkit.emulator.response import decode, encode

SLUGS = {"lead-new": 1, "lead-reached-out": 3, "lead-responded": 5, "applicant-new": 101, "offer": 261}
LISTS = ("requisitions", "requisition_fields", "feedback_templates", "form_templates", "audit_events")
CHILDREN = ("feedback", "files", "forms", "interviews", "notes", "offers", "panels", "referrals", "resumes")


@contextmanager
def _named(what: Callable[[], object]) -> Iterator[None]:
    """Name the file or object that has another shape than Lever's."""
    try:
        yield
    except (msgspec.MsgspecError, KeyError) as error:
        found = f"field {error} is missing" if isinstance(error, KeyError) else error
        raise ValueError(f"{what()}: {found}") from None


def _items(folder: Path, name: str) -> list[Object]:
    lines, plain = folder / f"{name}.jsonl", folder / f"{name}.json"
    if lines.exists():
        with _named(lambda: lines):
            return list(map(decode, _lines(lines)))
    if not plain.exists():
        return []
    with _named(lambda: plain):
        value: Any = decode(plain.read_bytes())
    if isinstance(value, dict) and "data" in value:
        value = value["data"]
    return [value] if isinstance(value, dict) else list(value)


def _lines(file: Path) -> Iterator[bytes]:
    with file.open("rb") as lines:
        yield from filter(None, map(bytes.strip, lines))


def _raw_opportunities(folder: Path) -> Iterator[bytes]:
    lines = folder / "opportunities.jsonl"
    return _lines(lines) if lines.exists() else map(encode, _items(folder, "opportunities"))


def load_account(folder: Path) -> Account:
    """Read an account. Raises FileNotFoundError without opportunities, ValueError for other shapes."""
    if not any((folder / f"opportunities{end}").exists() for end in (".jsonl", ".json")):
        raise FileNotFoundError(f"{folder}: no opportunities.jsonl")
    account = Account()
    with _named(lambda: folder):
        _load_lookups(account, folder)
    posting_of = {item["id"]: item.get("posting") for item in account.applications.values()}
    titles = {posting["text"]: key for key, posting in account.postings.items()}
    with gc_paused(), _named(lambda: f"{folder}, opportunity {len(account.rows) + 1}"):
        for raw in _raw_opportunities(folder):
            row = account.insert(raw, None)
            row.posting = posting_of.get(row.application) or _posting_by_title(titles, row)
    if not account.archive_reasons:
        account.archive_reasons = _reasons(account)
    if not account.users:
        account.users = {user["id"]: user for user in _users(account)}
    return account


def _load_lookups(account: Account, folder: Path) -> None:
    disposition: Object = next(iter(_items(folder, "disposition_stages")), {})
    stages = disposition.get("stages") or _ranked(_items(folder, "stages"))
    account.add_stages(stages or _ranked(_mentioned_stages(folder)))
    account.archive_reasons = _items(folder, "archive_reasons")
    account.dispositions = disposition.get("archiveReasons") or []
    account.postings = {posting["id"]: posting for posting in _items(folder, "postings")}
    account.users = {item["id"]: item for item in _items(folder, "users")}
    account.applications = {item["id"]: item for item in _items(folder, "applications")}
    account.deleted = _items(folder, "deleted")
    account.lists = {name: _items(folder, name) for name in LISTS}
    for kind in CHILDREN:
        for item in _items(folder, kind):
            account.children.setdefault((kind, item.pop("opportunityId", "")), []).append(item)


def _ranked(stages: list[Object]) -> list[Object]:
    """Return `{id, text}` stages with ranks: Lever's own for built-in slugs, others in between."""
    last, ranked = 0.0, []
    for stage in stages:
        last = max(float(SLUGS.get(stage["id"], 0)), last + 0.5)
        ranked.append({**stage, "pipeline": None, "rank": last, "hasInterview": False})
    return ranked


def _mentioned_stages(folder: Path) -> list[Object]:
    """Return the stages that opportunities name, in pipeline order, which is the order of Lever's pages."""
    found = list(dict.fromkeys(decode(raw)["stage"] for raw in _raw_opportunities(folder)))
    built_in = [stage for stage in found if stage in SLUGS]
    if built_in != sorted(built_in, key=SLUGS.__getitem__):
        found.sort(key=lambda stage: (SLUGS.get(stage, 200), stage))
    for slug, rank in SLUGS.items():
        if slug not in found:
            later = (place for place, stage in enumerate(found) if SLUGS.get(stage, 0) > rank)
            found.insert(next(later, len(found)), slug)
    return [{"id": stage, "text": stage.replace("-", " ")} for stage in found]


def _reasons(account: Account) -> list[Object]:
    mentioned = sorted({row.reason for row in account.rows.values() if row.reason})
    number = int.from_bytes(sha256(" ".join(mentioned).encode()).digest()[:16])
    hired = {"id": str(UUID(int=number, version=4)), "text": "Hired", "status": "active", "type": "hired"}
    others = [{"id": item, "text": item[:8], "status": "active", "type": "non-hired"} for item in mentioned]
    return [hired, *others]


def _users(account: Account) -> Iterator[Object]:
    """Yield a user for every id that opportunities mention as owner, follower or source."""
    mentioned: dict[str, None] = {}
    for row in account.rows.values():
        value = row.object()
        people = (value.get("owner"), value.get("sourcedBy"), *(value.get("followers") or ()))
        mentioned.update(dict.fromkeys(item for item in people if isinstance(item, str)))
    for number, identifier in enumerate(sorted(mentioned)):
        yield blank_object(
            "user",
            id=identifier,
            name=f"User {number + 1}",
            username=f"user{number + 1}",
            email=f"user{number + 1}@example.com",
            accessRole="super admin" if number == 0 else "team member",
            createdAt=EPOCH_MS - number,
        )


def _posting_by_title(titles: dict[str, str], row: Row) -> str | None:
    """Return the posting whose title is a tag of the opportunity; None where it no longer exists."""
    if row.application is None:
        return None
    return next((titles[tag] for tag in row.tags if tag in titles), None)
