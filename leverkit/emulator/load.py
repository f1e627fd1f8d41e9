"""An account from files in Lever's shapes: a directory of JSON and JSON Lines.

`opportunities.jsonl` (or .json) is needed; `postings`, `disposition_stages`, `stages`, `archive_reasons`,
`users`, `applications`, `deleted` are used where present.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from leverkit.emulator.account import Account, Object
from leverkit.emulator.rows import Row, decode, encode

SLUGS = {"lead-new": 1, "lead-reached-out": 3, "lead-responded": 5, "applicant-new": 101, "offer": 261}


def _items(folder: Path, name: str) -> list[Object]:
    lines, plain = folder / f"{name}.jsonl", folder / f"{name}.json"
    if lines.exists():
        return [decode(line) for line in lines.read_bytes().splitlines() if line.strip()]
    if not plain.exists():
        return []
    value: Any = decode(plain.read_bytes())
    if isinstance(value, dict) and "data" in value:
        value = value["data"]
    return [value] if isinstance(value, dict) else list(value)


def _raw_opportunities(folder: Path) -> Iterator[bytes]:
    lines = folder / "opportunities.jsonl"
    if not lines.exists():
        yield from map(encode, _items(folder, "opportunities"))
        return
    with lines.open("rb") as file:
        for line in file:
            if line.strip():
                yield line.strip()


def _ranked(stages: list[Object]) -> list[Object]:
    """Give plain `{id, text}` stages ranks: the known ones of built-in slugs, the others between."""
    last, ranked = 0.0, []
    for stage in stages:
        last = float(SLUGS.get(stage["id"], last + 0.5))
        ranked.append({**stage, "pipeline": None, "rank": last, "hasInterview": False})
    return ranked


def load(folder: Path) -> Account:
    """Read an account. Raises FileNotFoundError where there are no opportunities."""
    if not any((folder / f"opportunities{end}").exists() for end in (".jsonl", ".json")):
        raise FileNotFoundError(f"{folder}: no opportunities.jsonl")
    account = Account()
    _load_lookups(account, folder)
    posting_of = {each["id"]: each.get("posting") for each in account.applications.values()}
    for raw in _raw_opportunities(folder):
        row = account.insert(raw, None)
        row.posting = posting_of.get(row.application) or _posting_by_title(account, row)
    return account


def _load_lookups(account: Account, folder: Path) -> None:
    disposition = next(iter(_items(folder, "disposition_stages")), {})
    account.add_stages(disposition.get("stages") or _ranked(_items(folder, "stages")))
    account.archive_reasons = _items(folder, "archive_reasons")
    account.postings = {each["id"]: each for each in _items(folder, "postings")}
    account.users = {each["id"]: each for each in _items(folder, "users")}
    account.applications = {each["id"]: each for each in _items(folder, "applications")}
    account.deleted = _items(folder, "deleted")


def _posting_by_title(account: Account, row: Row) -> str | None:
    """Return the posting whose title is a tag of the opportunity; None where it no longer exists."""
    if row.application is None:
        return None
    return next((key for key, posting in account.postings.items() if posting["text"] in row.tags), None)
