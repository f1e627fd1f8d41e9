"""Write scrubbed recordings: exchanges, the account as far as it was seen, a test that replays them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from leverkit.doctor.contract.exchange import Exchange, Row
from leverkit.doctor.contract.replay import EXCHANGES, LISTS, is_creation
from leverkit.doctor.contract.sample import OPPORTUNITIES
from leverkit.storage.files import write_atomic

CONTRACT = "contract.json"
REPLAY = "test_replay.py"
NEEDED = ("id", "contact", "stage", "createdAt", "lastAdvancedAt")
LOOKUPS = {
    "/postings": "postings",
    "/archive_reasons": "archive_reasons",
    "/stages": "stages",
    "/opportunities/deleted": "deleted",
    "/feedback_templates": "feedback_templates",
}


def write_recordings(folder: Path, exchanges: Sequence[Exchange], switches: dict[str, Any]) -> None:
    """Write scrubbed exchanges below a folder, with what replays them."""
    lines = b"\n".join(map(msgspec.json.encode, exchanges)) + b"\n"
    write_atomic(folder / EXCHANGES, lines)
    for name, rows in account_files(exchanges).items():
        write_atomic(folder / "account" / f"{name}.json", msgspec.json.format(msgspec.json.encode(rows)))
    write_atomic(folder / CONTRACT, msgspec.json.format(msgspec.json.encode(switches)))
    template = Path(__file__).with_name("templates") / f"{REPLAY}.txt"
    write_atomic(folder / REPLAY, template.read_bytes())


def account_files(exchanges: Sequence[Exchange]) -> dict[str, Any]:
    """Return the files of an account, as the emulator loads them, from what was read of it."""
    reads = [each for each in exchanges if each.method == "GET" and each.ok]
    found: dict[str, Any] = {name: _merged(_pages(reads, [path])) for path, name in LOOKUPS.items()}
    dispositions = next((each.data for each in reads if each.path == "/disposition_stages"), None)
    if dispositions:
        found["disposition_stages"] = dispositions
    found["postings"] = _merged([*found["postings"], *_single(reads, "/postings/")])
    found["applications"] = _applications(reads)
    found["users"] = _users(exchanges)
    found["opportunities"] = _opportunities(exchanges, reads)
    return {name: rows for name, rows in found.items() if rows or name == "opportunities"}


def _opportunities(exchanges: Sequence[Exchange], reads: Sequence[Exchange]) -> list[Row]:
    made = {each.data.get("id") for each in exchanges if is_creation(each)}
    plain = [each for each in reads if "expand" not in each.params]
    rows = [*_pages(plain, LISTS), *_single(plain, f"{OPPORTUNITIES}/")]
    whole = [row for row in _merged(rows) if all(name in row for name in NEEDED)]
    return [row for row in whole if row["id"] not in made]


def _pages(reads: Iterable[Exchange], paths: Iterable[str]) -> list[Row]:
    return [row for each in reads if each.path in paths for row in each.rows]


def _single(reads: Iterable[Exchange], below: str) -> list[Row]:
    found = [each.data for each in reads if each.path.startswith(below) and isinstance(each.data, dict)]
    return [row for row in found if "id" in row]


def _merged(rows: Iterable[Row]) -> list[Row]:
    """Return each object once, with every field as it was first seen: later it may have been changed."""
    found: dict[str, Row] = {}
    for row in rows:
        found[row["id"]] = {**row, **found.get(row["id"], {})}
    return list(found.values())


def _applications(reads: Iterable[Exchange]) -> list[Row]:
    """Return the applications that were seen, and those that a filter for a posting tells of."""
    whole, told = [], []
    for each in reads:
        rows = each.rows or [each.data if isinstance(each.data, dict) else {}]
        names = [name for row in rows for name in row.get("applications") or ()]
        whole += [name for name in names if isinstance(name, dict)]
        if posting := each.params.get("posting_id"):
            told += [{"id": name, "posting": posting} for name in names if isinstance(name, str)]
    return _merged([*whole, *told])


def _users(exchanges: Iterable[Exchange]) -> list[Row]:
    """Return the user in whose name something was written."""
    named = {each.params["perform_as"] for each in exchanges if each.ok and "perform_as" in each.params}
    return [{"id": user, "name": "", "email": None, "deactivatedAt": None} for user in sorted(named)]
