"""Write a SNAPSHOT/ folder from Python rows, in the shape that `pull` gives it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

NOON = 1_700_000_000_000
DAY = 86_400_000

COLUMNS = {
    "opportunities": "id VARCHAR, contact VARCHAR, tags VARCHAR[], created_at BIGINT, updated_at BIGINT, "
    "archived_at BIGINT, archive_reason VARCHAR, stage VARCHAR, postings VARCHAR[], origin VARCHAR, "
    "sources VARCHAR[], owner VARCHAR, confidentiality VARCHAR, is_anonymized BOOLEAN, "
    "last_advanced_at BIGINT",
    "postings": "id VARCHAR, text VARCHAR, state VARCHAR, team VARCHAR, department VARCHAR, "
    "location VARCHAR, locations VARCHAR[], commitment VARCHAR, level VARCHAR, tags VARCHAR[], "
    "confidentiality VARCHAR, created_at BIGINT, updated_at BIGINT",
    "tags": "text VARCHAR, count BIGINT",
    "stages": "id VARCHAR, text VARCHAR, position BIGINT, rank DOUBLE, pipeline VARCHAR",
}


@dataclass
class Row:
    """An opportunity; every field but contact and tags has a harmless default. `created_at` counts days."""

    contact: str
    tags: Sequence[str] = ()
    posting: str | None = None
    day: float = 0
    archived: bool = False
    stage: str = "lead-new"
    origin: str = "applied"
    updated: bool = True
    confidential: bool = False
    owner: str | None = None
    id: str = ""
    reason: str = "reason"
    source: str = ""
    dated: bool = True
    anonymized: bool = False

    def cells(self, number: int) -> dict[str, Any]:
        created = NOON + round(self.day * DAY)
        return {
            "id": self.id or f"{number:08d}-0000-4000-8000-000000000000",
            "contact": self.contact,
            "tags": list(dict.fromkeys(self.tags)),
            "created_at": created if self.dated else None,
            "updated_at": created if self.updated else None,
            "archived_at": created if self.archived else None,
            "archive_reason": self.reason if self.archived else None,
            "stage": self.stage,
            "postings": [self.posting] if self.posting else [],
            "origin": self.origin,
            "sources": [self.source] if self.source else [],
            "owner": self.owner,
            "confidentiality": "confidential" if self.confidential else "non-confidential",
            "is_anonymized": self.anonymized,
            "last_advanced_at": None,
        }


@dataclass
class Posting:
    """A posting; only what tags are derived from matters here."""

    id: str
    text: str = ""
    team: str | None = None
    department: str | None = None
    location: str | None = None
    locations: Sequence[str] = ()
    commitment: str | None = None
    level: str | None = None
    tags: Sequence[str] = field(default_factory=list)

    def cells(self) -> dict[str, Any]:
        fixed = {
            "state": "published",
            "confidentiality": "non-confidential",
            "created_at": NOON,
            "updated_at": NOON,
        }
        return {**asdict(self), "locations": list(self.locations), "tags": list(self.tags), **fixed}


def write_snapshot(
    folder: Path,
    rows: Iterable[Row],
    postings: Iterable[Posting] = (),
    *,
    stages: Sequence[str] = ("New lead",),
    not_seen: Sequence[str] = (),
    host: str = "127.0.0.1",
) -> Path:
    """Write the four Parquet files and snapshot.json; counts of tags are those of the rows.

    `stages` are the names of the stages in their order; the id of one is its name as `stage_id` makes it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    cells = sorted((row.cells(n) for n, row in enumerate(rows)), key=lambda row: row["id"])
    counts: dict[str, int] = {}
    for row in cells:
        for tag in set(row["tags"]):
            counts[tag] = counts.get(tag, 0) + 1
    tables = {
        "opportunities": cells,
        "postings": [posting.cells() for posting in postings],
        "tags": [{"text": text, "count": count} for text, count in sorted(counts.items())],
        "stages": [_stage(text, position) for position, text in enumerate(stages)],
    }
    for name, records in tables.items():
        _parquet(_connection(), folder / f"{name}.parquet", COLUMNS[name], records)
    _describe(folder, {name: len(records) for name, records in tables.items()}, list(not_seen), host)
    return folder


def stage_id(text: str) -> str:
    """Return the id of a stage."""
    return "lead-new" if text == "New lead" else text.lower().replace(" ", "-")


def _stage(text: str, position: int) -> dict[str, Any]:
    rank, pipeline = 1.0 + 100 * position, "lead" if position == 0 else "applicant"
    return {"id": stage_id(text), "text": text, "position": position, "rank": rank, "pipeline": pipeline}


def write_generated(
    folder: Path, *, contacts: int, seed: int, story: bool = False, anonymized: int = 0
) -> dict[str, str]:
    """Write the emulator's generated account as a snapshot without HTTP; return its truth (tag to scope).

    One in `anonymized` of the archived opportunities is anonymized.
    """
    from leverkit.emulator.generator.generate import generate

    account = generate(contacts=contacts, seed=seed, story=story)
    rows = [
        Row(
            row.contact,
            row.tags,
            row.posting,
            day=(row.created - NOON) / DAY,
            archived=row.archived is not None,
            stage=row.stage,
            origin=row.origin or "",
            updated=row.updated is not None,
            id=row.id,
            anonymized=bool(anonymized and row.archived is not None and number % anonymized == 0),
        )
        for number, row in enumerate(account.rows.values())
    ]
    write_snapshot(folder, rows, [_posting(value) for value in account.postings.values()])
    return account.truth


def _posting(value: dict[str, Any]) -> Posting:
    known = value["categories"]
    return Posting(
        value["id"],
        value["text"],
        known["team"],
        known["department"],
        known["location"],
        known["allLocations"],
        known["commitment"],
        known["level"],
        value["tags"],
    )


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    """Return the one connection of a process: to connect, and threads, cost more than such tables take."""
    return duckdb.connect(config={"threads": 1})


def _parquet(connection: Any, path: Path, columns: str, records: list[dict[str, Any]]) -> None:
    lines = path.with_suffix(".jsonl")
    lines.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    schema = "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in _pairs(columns)) + "}"
    source = f"read_json('{lines}', format='newline_delimited', columns={schema})"
    connection.execute(f"COPY (FROM {source}) TO '{path}' (FORMAT parquet)")
    lines.unlink()


def _pairs(columns: str) -> list[tuple[str, str]]:
    return [tuple(column.strip().split(" ", 1)) for column in columns.split(",")]  # type: ignore[misc]


def _describe(folder: Path, counts: dict[str, int], not_seen: list[str], host: str) -> None:
    hashes = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.parquet"))
    }
    about = {
        "format": 1,
        "account": "0123456789ab",
        "base_url_host": host,
        "window": {"started_at": NOON, "ended_at": NOON},
        "complete": True,
        "counts": counts,
        "columns": [column.split()[0] for column in COLUMNS["opportunities"].split(", ")],
        "completeness": {"tags_agree": True, "differences": []},
        "not_seen": not_seen,
        "files": hashes,
        "versions": {"leverkit": "0.1.0"},
    }
    (folder / "snapshot.json").write_text(json.dumps(about, indent=1), encoding="utf-8")
