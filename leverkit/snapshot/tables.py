"""The tables of a snapshot as Parquet files, written by DuckDB: equal content gives equal bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from leverkit.api.models import Opportunity, Posting, Stage, StageRank
from leverkit.snapshot.checkpoint import PullCheckpoint
from leverkit.snapshot.rows import row
from leverkit.storage.files import create, naming

if TYPE_CHECKING:
    import duckdb


OPPORTUNITIES = {
    "id": "VARCHAR",
    "contact": "VARCHAR",
    "tags": "VARCHAR[]",
    "created_at": "BIGINT",
    "updated_at": "BIGINT",
    "archived_at": "BIGINT",
    "archive_reason": "VARCHAR",
    "stage": "VARCHAR",
    "postings": "VARCHAR[]",
    "origin": "VARCHAR",
    "sources": "VARCHAR[]",
    "owner": "VARCHAR",
    "confidentiality": "VARCHAR",
    "is_anonymized": "BOOLEAN",
    "last_advanced_at": "BIGINT",
}
POSTINGS = {
    "id": "VARCHAR",
    "text": "VARCHAR",
    "state": "VARCHAR",
    "team": "VARCHAR",
    "department": "VARCHAR",
    "location": "VARCHAR",
    "locations": "VARCHAR[]",
    "commitment": "VARCHAR",
    "level": "VARCHAR",
    "tags": "VARCHAR[]",
    "confidentiality": "VARCHAR",
    "created_at": "BIGINT",
    "updated_at": "BIGINT",
}
LeftOut = dict[str, Any]
_SAME_WITHOUT_ID = "if(id = '', contact || ' ' || created_at, '')"
TAGS = {"text": "VARCHAR", "count": "BIGINT"}
STAGES = {"id": "VARCHAR", "text": "VARCHAR", "position": "BIGINT", "rank": "DOUBLE", "pipeline": "VARCHAR"}


def write_opportunities(
    db: duckdb.DuckDBPyConnection,
    folder: Path,
    checkpoint: PullCheckpoint,
    prior: Path | None,
    before: Iterable[LeftOut] = (),
) -> Path:
    """Write the newest record of every id that is not deleted; those of `prior`, a snapshot, are oldest.

    A record without an id or a contact is not written: nothing says whose it is. `left_out` returns them,
    `before` are those of the prior snapshot.
    """
    lines = folder / "opportunities.lines"
    with naming(lines), create(lines) as file:
        file.writelines(msgspec.json.encode(record | {"seq": 0}) + b"\n" for record in before)
        checkpoint.write_rows(file)
    read = f"select * from {_lines(lines, OPPORTUNITIES | {'seq': 'BIGINT'})}"
    if prior:
        read += f" union all select *, 0 from read_parquet({literal(prior)})"
    query = f"""
        create or replace temp table newest as select * exclude (seq) from ({read})
        where id not in ({_deleted(checkpoint)})
        qualify row_number() over (partition by id, {_SAME_WITHOUT_ID} order by seq desc) = 1"""
    try:
        db.execute(query)
    finally:
        lines.unlink()
    return write_newest(db, folder)


def write_newest(db: duckdb.DuckDBPyConnection, folder: Path) -> Path:
    """Write the table `newest`, but for what lacks an id or a contact, ordered by id."""
    complete = "select * from newest where id <> '' and contact <> '' order by id"
    return write_query(db, folder / "opportunities.parquet", complete)


def left_out(db: duckdb.DuckDBPyConnection) -> list[LeftOut]:
    """Return what the latest opportunities left out, for want of an id or a contact."""
    names = "id, contact, created_at, tags"
    found = db.sql(f"select {names} from newest where id = '' or contact = '' order by {names}").fetchall()
    return [dict(zip(names.split(", "), values, strict=True)) for values in found]


def write_without(db: duckdb.DuckDBPyConnection, folder: Path, source: Path, ids: Iterable[str]) -> Path:
    """Write the opportunities of a snapshot's file but for these ids into a folder."""
    listed = ", ".join(map(literal, ["", *ids]))
    query = f"select * from read_parquet({literal(source)}) where id not in ({listed}) order by id"
    return write_query(db, folder / source.name, query)


def write_replaced(
    db: duckdb.DuckDBPyConnection,
    folder: Path,
    source: Path,
    contacts: Sequence[str],
    fresh: Iterable[Opportunity],
) -> Path:
    """Write the opportunities of a snapshot's file with others in place of those of these contacts."""
    lines = folder / "opportunities.lines"
    with naming(lines), create(lines) as file:
        file.writelines(msgspec.json.encode(row(opportunity, 0)) + b"\n" for opportunity in fresh)
    query = f"""
        select * from read_parquet({literal(source)}) where contact not in (select contact from replaced)
        and id not in (select id from {_lines(lines, {"id": "VARCHAR"})})
        union all select * from {_lines(lines, OPPORTUNITIES)} order by id"""
    try:
        given = {"contacts": list(contacts)}
        db.execute("create or replace temp table replaced as select unnest($contacts) as contact", given)
        return write_query(db, folder / source.name, query)
    finally:
        lines.unlink()


def write_postings(db: duckdb.DuckDBPyConnection, folder: Path, postings: Iterable[Posting]) -> Path:
    """Write the postings, ordered by id."""
    rows = (
        {"locations": posting.categories.all_locations}
        | msgspec.structs.asdict(posting.categories)
        | msgspec.structs.asdict(posting)
        for posting in postings
    )
    return _write(db, folder / "postings.parquet", POSTINGS, rows, "id")


def write_tags(db: duckdb.DuckDBPyConnection, folder: Path, counts: dict[str, int]) -> Path:
    """Write the tags with the counts that Lever returns, ordered by text."""
    rows = ({"text": text, "count": count} for text, count in counts.items())
    return _write(db, folder / "tags.parquet", TAGS, rows, "text")


def write_stages(
    db: duckdb.DuckDBPyConnection, folder: Path, stages: Sequence[Stage], ranks: Iterable[StageRank]
) -> Path:
    """Write the stages in the order of the pipeline, with rank and pipeline if the account returns them."""
    known = {rank.id: rank for rank in ranks}
    rows = (
        {"position": position}
        | msgspec.structs.asdict(known.get(stage.id, StageRank(id=stage.id)))
        | msgspec.structs.asdict(stage)
        for position, stage in enumerate(stages)
    )
    return _write(db, folder / "stages.parquet", STAGES, rows, "position")


def counted(db: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Count the latest opportunities of each tag, as Lever does: with those that were left out."""
    tags = "select unnest(tags) as tag from newest"
    return dict(db.sql(f"select tag, count(*) from ({tags}) group by tag").fetchall())


def undated(db: duckdb.DuckDBPyConnection) -> int:
    """Count the latest opportunities without a creation time that can be right."""
    return _number(db, "select count(*) from newest where created_at = 0")


def vanished(db: duckdb.DuckDBPyConnection, folder: Path, checkpoint: PullCheckpoint) -> int:
    """Count the opportunities of the snapshot in a folder that the latest lack and that are not deleted."""
    last = literal(folder / "opportunities.parquet")
    lost = f"select id from read_parquet({last}) except select id from newest"
    return _number(db, f"select count(*) from ({lost}) where id not in ({_deleted(checkpoint)})")


def _deleted(checkpoint: PullCheckpoint) -> str:
    return ", ".join(literal(id) for id in ["-", *checkpoint.deleted()])


def size(db: duckdb.DuckDBPyConnection, file: Path) -> int:
    """Count the rows of a file."""
    return _number(db, f"select count(*) from read_parquet({literal(file)})")


def _number(db: duckdb.DuckDBPyConnection, query: str) -> int:
    (found,) = db.sql(query).fetchall()
    return int(found[0])


def literal(text: object) -> str:
    """Quote a text for SQL."""
    return "'" + str(text).replace("'", "''") + "'"


def _write(
    db: duckdb.DuckDBPyConnection,
    file: Path,
    columns: dict[str, str],
    rows: Iterable[dict[str, Any]],
    order: str,
) -> Path:
    lines = file.with_suffix(".lines")
    with naming(lines), create(lines) as opened:
        kept = ({name: row.get(name) for name in columns} for row in rows)
        opened.writelines(msgspec.json.encode(row) + b"\n" for row in kept)
    try:
        return write_query(db, file, f'select * from {_lines(lines, columns)} order by "{order}"')
    finally:
        lines.unlink()


def write_query(db: duckdb.DuckDBPyConnection, file: Path, query: str) -> Path:
    """Write the result of a query beside a file, under another name until it is published; return that."""
    fresh = file.with_suffix(".new")
    create(fresh).close()  # DuckDB writes into the file that is there, whose mode it keeps
    form = "format parquet, compression zstd, use_tmp_file false"
    db.execute(f"copy ({query}) to {literal(fresh)} ({form})")
    return fresh


def _lines(file: Path, columns: dict[str, str]) -> str:
    types = ", ".join(f'"{name}": {literal(kind)}' for name, kind in columns.items())
    return f"read_json({literal(file)}, format = 'newline_delimited', columns = {{{types}}})"
