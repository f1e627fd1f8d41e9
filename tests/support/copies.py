"""Copies of an emulated account, made by hand in the tables of each kind, in DuckDB."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from leverkit.api.client import ReadOnlyLever

Record = dict[str, Any]
Tables = dict[str, list[Record]]
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
    moment = duckdb.sql(f"SELECT make_timestamp_ms({ms})").fetchall()[0][0] if ms is not None else None
    return f"{moment.isoformat()}+00:00" if moment else None


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
    lists = {"opportunities__tags": account.opportunities, "postings__tags": account.postings}
    return tables | {
        name: [
            {
                "_sdc_source_key_id": row["id"],
                "_sdc_level_0_id": place,
                "value": text,
                "_sdc_sequence": SYNCED,
            }
            for row in rows
            for place, text in enumerate(row["tags"])
        ]
        for name, rows in lists.items()
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
    with duckdb.connect(str(file)) as db:
        db.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
        for name, rows in tables.items():
            for statement, values in inserts(f'"{schema}"."{name}"', rows):
                db.executemany(statement, values) if values else db.execute(statement)
    return file


def write_folder(folder: Path, tables: Tables, form: str) -> Path:
    """Write tables as files, one for each: `form` is parquet or csv."""
    folder.mkdir(parents=True)
    write_duckdb(folder.with_suffix(".duckdb"), tables)
    with duckdb.connect(str(folder.with_suffix(".duckdb"))) as db:
        for name in tables:
            db.execute(f"COPY lever.\"{name}\" TO '{folder / name}.{form}' (FORMAT {form})")
    return folder


def inserts(table: str, rows: Iterable[Record]) -> Iterable[tuple[str, list[list[Any]]]]:
    """Yield the statements that make and fill a table, with their rows."""
    rows = list(rows)
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = ", ".join(f'"{name}" {_type(name, rows)}' for name in names)
    yield f"CREATE TABLE {table} ({columns})", []
    if rows:
        marks = ", ".join("?" for _ in names)
        yield f"INSERT INTO {table} VALUES ({marks})", [[row.get(name) for name in names] for row in rows]


def _type(name: str, rows: Iterable[Mapping[str, Any]]) -> str:
    if name.endswith(("_at", "_synced")):
        return "TIMESTAMP WITH TIME ZONE"
    value = next((row[name] for row in rows if row.get(name) is not None), "")
    return TYPES.get(type(value), "VARCHAR")


MAKERS: dict[str, Callable[[Account], Tables]] = {
    "fivetran": fivetran,
    "airbyte": airbyte,
    "airbyte-raw": airbyte_raw,
    "tap-lever": lambda account: tap_lever(account, arrays=True),
    "stitch": lambda account: tap_lever(account, arrays=False),
}
