"""Small copies of few opportunities, written by hand, and what is read of them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from support.copies import SYNCED, Record, Tables, write_duckdb

from leverkit.snapshot.snapshot import Snapshot
from leverkit.snapshot.warehouse.reading import read_copy

NOW = SYNCED + 1000
TAGS = ["a", "b, c", "ü"]


def opportunity(id: str, **more: Any) -> Record:
    """Return an opportunity as Lever lists it."""
    return {"id": id, "contact": f"c{id}", "tags": TAGS, "createdAt": SYNCED, **more}


def column(id: str, **more: Any) -> Record:
    """Return an opportunity with its tags as JSON, as in a column."""
    return opportunity(id, **{"tags": json.dumps(TAGS), **more})


def write_lines(file: Path, rows: Iterable[Record], *, packed: bool = False) -> Path:
    """Write JSON lines, whatever the name of the file says packed with gzip."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    file.write_bytes(gzip.compress(text) if packed else text)
    return file


def read(tmp_path: Path, uri: Path | str, shape: str, **given: Any) -> Snapshot:
    """Read a copy into a folder beside it."""
    return read_copy(tmp_path / "snapshot", str(uri), shape, now_ms=NOW, **given)


def read_tables(tmp_path: Path, tables: Tables, shape: str, **given: Any) -> Snapshot:
    """Read tables out of a DuckDB file."""
    return read(tmp_path, write_duckdb(tmp_path / "copy.duckdb", tables), shape, **given)


def tags_of(snapshot: Snapshot) -> dict[str, list[str]]:
    """Return the tags of each opportunity."""
    found = snapshot.sql("SELECT id, list_sort(tags) FROM opportunities ORDER BY id").fetchall()
    return {str(id): list(tags) for id, tags in found}


def lacks(snapshot: Snapshot) -> set[str]:
    """Return what the copy is said to lack, in short."""
    return {lack["what"] for lack in snapshot.meta["copy"]["lacks"]}
