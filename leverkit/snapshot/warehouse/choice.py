"""Which tables of a warehouse are the copy: those of the schema that has the opportunities."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from leverkit.errors import UsageError, did_you_mean
from leverkit.snapshot.warehouse.statements import Read, Statement, Tables

SHOWN = 12  # tables that a message names
STAGING = "_staging"  # ends the schema that dlt loads into before it merges
SYSTEM = ("information_schema", "pg_catalog")  # schemas of the warehouse's own
NEEDED = ("id", "contact", "_airbyte_data")  # columns of opportunities, of those that a shape reads
ENHANCED = "lever__opportunity_enhanced"  # a model of dbt_lever


def choose(
    what: str,
    columns: Iterable[tuple[str, str, str]],
    wanted: Mapping[str, Statement],
    schema: str = "",
    places: str = "schemas",
) -> Tables:
    """Return the tables of the schema that holds the opportunities; `places` is what it calls schemas.

    Raises UsageError.
    """
    main = wanted["opportunities"]
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for place, table, column in columns:
        if place.lower() in SYSTEM:
            continue
        found[str(place)][str(table)].append(str(column))
    every = [Tables(place, tables) for place, tables in sorted(found.items())]
    if schema:
        named = [each for each in every if each.schema.lower() == schema.lower()]
        if not named:
            raise UsageError(f"{what} has no schema {schema!r}{did_you_mean(schema, found)}")
        every = named
    if not main.reads:
        return every[0] if every else Tables(schema)
    holding = [each for each in every if each.find(main.reads[0].patterns)]
    holding = [each for each in holding if not _absent(main, each)] or holding
    holding = holding or [each for prefixed in every for each in _prefixed(prefixed, main)]
    names = {each.schema for each in holding}
    holding = [each for each in holding if each.schema.removesuffix(STAGING) not in names - {each.schema}]
    if len(names) < len(holding):
        several = ", ".join(f"{each.prefix}{main.reads[0].name}" for each in holding)
        raise UsageError(
            f"several tables could be the opportunities: {several}; name one in a copy of the SQL (--sql DIR)"
        )
    if len(holding) > 1:
        several = ", ".join(each.schema for each in holding)
        raise UsageError(f"several {places} hold {main.reads[0].name}: {several}; name one with --schema")
    if not holding:
        raise UsageError(_nothing(what, main, every))
    _require_columns(main, holding[0])
    _require_tags(main, wanted["tags"], holding[0])
    return holding[0]


def unread(wanted: Mapping[str, Statement], there: Tables) -> list[str]:
    """Return tables with the name and columns of the opportunities that no statement reads."""
    main = wanted["opportunities"].reads[0] if wanted["opportunities"].reads else Read((), "", ())
    read = {there.find(each.patterns) for statement in wanted.values() for each in statement.reads}
    needed = [names for name in NEEDED if (names := main.names(name))]
    return sorted(
        table
        for table in there.columns.keys() - read
        if any(pattern.strip("*_") in table.lower() for pattern in main.patterns)
        and all(there.column(table, *names) for names in needed)
    )


def _prefixed(there: Tables, main: Statement) -> Iterator[Tables]:
    """Yield the tables with each prefix that makes one of them that of the opportunities."""
    for table in sorted(there.columns):
        for pattern in main.reads[0].patterns:
            candidate = replace(there, prefix=table[: -len(pattern)])
            is_named = table.lower().endswith(f"_{pattern}") and "*" not in pattern
            if is_named and not _absent(main, candidate):
                yield candidate


def _absent(main: Statement, there: Tables) -> list[str]:
    """Return the columns that the table of the opportunities lacks and without which nothing can be said."""
    first = main.reads[0]
    table = there.find(first.patterns)
    read = {name: first.names(name) for name in NEEDED}
    return [name for name, names in read.items() if names and not there.column(table, *names)]


def _nothing(what: str, main: Statement, every: list[Tables]) -> str:
    names = [name for each in every for name in each.columns]
    text = f"{what} holds no table {' or '.join(main.reads[0].patterns)}; it holds "
    text += ", ".join(sorted(names)[:SHOWN]) or "none that this user may read"
    text += f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    if any(name.lower() == ENHANCED for name in names):
        text += (
            f". {ENHANCED} joins tags into one text, in which one with a comma is lost: read the raw tables"
        )
    return f"{text}. Is the shape right?"


def _require_columns(main: Statement, there: Tables) -> None:
    """Raise UsageError where the opportunities have no id or no contact."""
    if absent := _absent(main, there):
        table = there.find(main.reads[0].patterns)
        listed = ", ".join(there.columns[table][:SHOWN])
        raise UsageError(
            f"{table} has no column {' and '.join(absent)}; it has {listed}. Is the shape right?"
        )


def _require_tags(main: Statement, tags: Statement, there: Tables) -> None:
    """Raise UsageError where no column and no table holds tags."""
    first = main.reads[0]
    table = there.find(first.patterns)
    if first.names("_airbyte_data") or there.column(table, *first.names("tags")):
        return
    if not tags.body or not there.find(tags.reads[0].patterns):
        raise UsageError(f"{table} has no tags, in a column or a table beside it: there is nothing to audit")
