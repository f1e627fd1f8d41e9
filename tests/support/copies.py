"""Copies of an emulated account, made by hand in the tables of each kind, in DuckDB."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from leverkit.api.client import ReadOnlyLever

Record = dict[str, Any]
Tables = dict[str, list[Record]]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TYPES = {bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE", str: "VARCHAR"}
SYNCED = 1_760_000_000_000  # when the copies were made, in ms since the epoch


@dataclass(frozen=True)
class Account:
    """An account as Lever lists it."""

    opportunities: list[Record]
    postings: list[Record]
    stages: list[Record]

    @classmethod
    def read(cls, lever: ReadOnlyLever) -> Account:
        """Read an account, with its confidential opportunities and the links to postings."""
        everything = {"confidentiality": "all"}
        listed = lever.each("/opportunities", expand="applications", personal=True, **everything)
        postings = lever.each("/postings", personal=True, **everything)
        return cls(list(listed), list(postings), list(lever.each("/stages", personal=True)))


def timestamp(ms: int | None) -> str | None:
    """Return a time as a connector writes it; NULL for none."""
    return None if ms is None else (EPOCH + timedelta(milliseconds=ms)).isoformat()


def archived(record: Record, field: str) -> Any:
    return (record["archived"] or {}).get(field)


def fivetran(account: Account, *, tag: str = "tags") -> Tables:
    """Return Fivetran's tables; the column of a tag is `tags` in newer connectors."""
    rows = account.opportunities
    return {
        "opportunity": [_fivetran_opportunity(row) for row in rows],
        "opportunity_tag": [{"opportunity_id": row["id"], tag: text} for row in rows for text in row["tags"]],
        "opportunity_source": [
            {"opportunity_id": row["id"], "source": text} for row in rows for text in row["sources"]
        ],
        "application": [
            {"id": link["id"], "opportunity_id": row["id"], "posting_id": link["posting"]}
            for row in rows
            for link in row["applications"]
        ],
        "posting": [_fivetran_posting(row) for row in account.postings],
        "posting_tag": [
            {"posting_id": row["id"], tag: text, "_fivetran_deleted": False}
            for row in account.postings
            for text in row["tags"]
        ],
        "stage": [
            {"id": row["id"], "text": row["text"], "_fivetran_deleted": False} for row in account.stages
        ],
    }


def _fivetran_opportunity(row: Record) -> Record:
    times = {
        "created_at": row["createdAt"],
        "updated_at": row["updatedAt"],
        "last_advanced_at": row["lastAdvancedAt"],
        "archived_at": archived(row, "archivedAt"),
    }
    return {
        "id": row["id"],
        "contact": row["contact"],
        "name": row["name"],
        "stage_id": row["stage"],
        "origin": row["origin"],
        "owner_id": row["owner"],
        "is_anonymized": row["isAnonymized"],
        "archived_reason_id": archived(row, "reason"),
        **{name: timestamp(ms) for name, ms in times.items()},
        "_fivetran_synced": timestamp(SYNCED),
    }


def _fivetran_posting(row: Record) -> Record:
    names = ("team", "department", "location", "commitment", "level")
    return {
        "id": row["id"],
        "text": row["text"],
        "state": row["state"],
        **{f"categories_{name}": row["categories"].get(name) for name in names},
        "created_at": timestamp(row["createdAt"]),
        "updated_at": timestamp(row["updatedAt"]),
        "_fivetran_deleted": False,
    }


def airbyte(account: Account) -> Tables:
    """Return Airbyte's typed tables: Lever's names, lists and objects as JSON."""
    return {
        name: [_airbyte_row(row) | {"_airbyte_extracted_at": timestamp(SYNCED)} for row in rows]
        for name, rows in {"opportunities": account.opportunities, "applications": _links(account)}.items()
    }


def airbyte_raw(account: Account) -> Tables:
    """Return Airbyte's raw tables: a record in each row, as JSON."""
    return {
        f"lever_raw__stream_{name}": [
            {"_airbyte_data": json.dumps(row), "_airbyte_extracted_at": timestamp(SYNCED)} for row in rows
        ]
        for name, rows in {"opportunities": account.opportunities, "postings": account.postings}.items()
    }


def tap_lever(account: Account, *, arrays: bool) -> Tables:
    """Return the tables of tap-lever: with arrays, or with a table of the tags, as Stitch makes it."""
    rows = [_stitch_row(row, arrays) for row in account.opportunities]
    tables = {
        "opportunities": rows,
        "opportunity_applications": [
            {"id": link["id"], "candidateId": link["opportunityId"], "posting": link["posting"]}
            for link in _links(account)
        ],
        "postings": [_stitch_row(row, arrays) for row in account.postings],
        "stages": [_stitch_row(row, arrays) for row in account.stages],
    }
    if arrays:
        return tables
    lists = {
        "opportunities__tags": [(row["id"], row["tags"]) for row in account.opportunities],
        "opportunities__sources": [(row["id"], row["sources"]) for row in account.opportunities],
        "postings__tags": [(row["id"], row["tags"]) for row in account.postings],
    }
    more = {"_sdc_sequence": SYNCED}
    return tables | {
        name: [
            {"_sdc_source_key_id": id, "_sdc_level_0_id": place, "value": text} | more
            for id, texts in pairs
            for place, text in enumerate(texts)
        ]
        for name, pairs in lists.items()
    }


def _stitch_row(row: Record, arrays: bool) -> Record:
    kept: Record = {"_sdc_sequence": SYNCED}
    for name, value in row.items():
        if name == "updatedAt" and "contact" in row:
            continue  # tap-lever's schema of opportunities does not have it
        if isinstance(value, dict) and not arrays:
            kept |= {f"{name}__{inner}": text for inner, text in value.items() if not isinstance(text, list)}
        elif name.endswith("At") and value is not None:
            kept[name] = timestamp(value)
        elif not isinstance(value, list) or arrays:
            kept[name] = json.dumps(value) if isinstance(value, dict | list) else value
    return kept


def _links(account: Account) -> list[Record]:
    return [
        {"id": link["id"], "opportunityId": row["id"], "posting": link["posting"]}
        for row in account.opportunities
        for link in row["applications"]
    ]


def _airbyte_row(row: Record) -> Record:
    return {name: json.dumps(v) if isinstance(v, dict | list) else v for name, v in row.items()}


def write_json(folder: Path, account: Account, *, envelope: bool = False) -> Path:
    """Write the listings as Lever answers them; with `envelope` as one page."""
    folder.mkdir(parents=True)
    for name in ("opportunities", "postings", "stages"):
        rows = getattr(account, name)
        if envelope:
            (folder / f"{name}.json").write_text(json.dumps({"data": rows, "hasNext": False}))
        else:
            (folder / f"{name}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return folder


def write_duckdb(file: Path, tables: Tables, schema: str = "lever") -> Path:
    """Write tables into a DuckDB file."""
    lines = file.with_suffix(".lines")
    with duckdb.connect(str(file)) as db:
        db.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
        for name, rows in tables.items():
            lines.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
            read = f"read_json('{lines}', format = 'newline_delimited', columns = {columns(rows)})"
            db.execute(f'CREATE TABLE "{schema}"."{name}" AS FROM {read}')
    lines.unlink(missing_ok=True)
    return file


def write_sqlite(file: Path, tables: Tables) -> Path:
    """Write tables into an SQLite file, lists and objects as JSON."""
    with closing(sqlite3.connect(file)) as db, db:
        for name, rows in tables.items():
            names = list(columns(rows))
            db.execute(f'CREATE TABLE "{name}" ({", ".join(map(json.dumps, names))})')
            fill = f'INSERT INTO "{name}" VALUES ({", ".join("?" * len(names))})'
            flat = [_airbyte_row(row) for row in rows]
            db.executemany(fill, [[row.get(column) for column in names] for row in flat])
    return file


def write_folder(folder: Path, tables: Tables, form: str) -> Path:
    """Write tables as files, one for each: `form` is parquet or csv."""
    folder.mkdir(parents=True)
    write_duckdb(folder.with_suffix(".duckdb"), tables)
    with duckdb.connect(str(folder.with_suffix(".duckdb"))) as db:
        for name in tables:
            db.execute(f"COPY lever.\"{name}\" TO '{folder / name}.{form}' (FORMAT {form})")
    return folder


def columns(rows: Iterable[Record]) -> dict[str, str]:
    """Return the type of each column that rows have: what a connector would choose for its values."""
    found: dict[str, str] = {}
    for row in rows:
        for name, value in row.items():
            is_time = name.endswith(("_at", "_synced")) and isinstance(value, str | None)
            known = "TIMESTAMPTZ" if is_time else TYPES.get(type(value), "VARCHAR")
            if value is not None or name not in found:
                found[name] = known
    return found


def dlt(account: Account) -> Tables:
    """Return the tables that dlt makes of Lever's listings: a table for each list, names in snake case."""
    tables: Tables = {}
    for name, rows in {
        "opportunities": account.opportunities,
        "postings": account.postings,
        "stages": account.stages,
    }.items():
        for number, row in enumerate(rows):
            _dlt_row(tables, name, row, f"{name}-{number}", {"_dlt_load_id": f"{SYNCED / 1000:.3f}"})
    return tables


def _dlt_row(tables: Tables, table: str, value: Record, id: str, more: Record) -> None:
    """Add an object to its table, and the items of its lists to theirs."""
    flat: Record = {"_dlt_id": id, **more}
    for path, item in _flattened(value):
        if not isinstance(item, list):
            flat[path] = item
            continue
        for place, one in enumerate(item):
            link = {"_dlt_parent_id": id, "_dlt_list_idx": place}
            inner = one if isinstance(one, dict) else {"value": one}
            _dlt_row(tables, f"{table}__{path}", inner, f"{id}-{path}-{place}", link)
    tables.setdefault(table, []).append(flat)


def _flattened(value: Record, before: str = "") -> Iterable[tuple[str, Any]]:
    for name, item in value.items():
        path = before + re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        if isinstance(item, dict):
            yield from _flattened(item, f"{path}__")
        else:
            yield path, item


MAKERS: dict[str, Callable[[Account], Tables]] = {
    "fivetran": fivetran,
    "dlt": dlt,
    "airbyte": airbyte,
    "airbyte-raw": airbyte_raw,
    "tap-lever": lambda account: tap_lever(account, arrays=True),
    "stitch": lambda account: tap_lever(account, arrays=False),
}
