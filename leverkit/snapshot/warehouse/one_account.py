"""One account of a copy that holds several: found by columns that tell, and never mixed.

Models that unite connectors, such as `lever_union_schemas` of dbt_lever, put the rows of all accounts into
one table and say in a column whose each is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

from leverkit.errors import UsageError, did_you_mean
from leverkit.report.text import plain
from leverkit.snapshot.warehouse.dialect import Dialect
from leverkit.snapshot.warehouse.statements import Statement, Tables, plain_name

# Columns that tell whose a row is, by letters and digits: of dbt's unions, of Lever's own warehouse share,
# of partitions, and as people name them. Lever's objects have none of these names.
TELLING = {
    *("sourcerelation", "dbtsourcerelation", "fivetransource", "sourceaccount", "sourceschema"),
    *("account", "accountid", "accountname", "leveraccount", "leveraccountid", "leveraccountname"),
    *("tenant", "tenantid", "tenantname", "organization", "organizationid", "workspace", "workspaceid"),
    *("connection", "connectionid", "connector", "connectorid", "connectorname", "instance", "instanceid"),
    *("customer", "customerid", "client", "clientid", "subsidiary", "subsidiaryid"),
}
SHOWN = 10  # values that a message names


class Warehouse(Protocol):
    """A copy of which values of a column are asked."""

    @property
    def dialect(self) -> Dialect:
        """Return how it writes SQL."""
        ...

    def values(self, sql: str) -> list[str | None]:
        """Return the one column of a SELECT."""
        ...


def parse_only(text: str) -> tuple[str, str] | None:
    """Return the column and the value of COLUMN=VALUE; None for no text. Raises UsageError."""
    if not text:
        return None
    column, equals, value = text.partition("=")
    if not equals or not column.strip():
        raise UsageError("--only takes COLUMN=VALUE, such as source_relation=lever_emea")
    return column.strip(), value.strip()


def require_one(
    copy: Warehouse, main: Statement, there: Tables, only: tuple[str, str] | None, *, is_own: bool
) -> Tables:
    """Return the tables, of which only rows of one account are read. Raises UsageError for several.

    `is_own` says that the statement is the shape's own; in another a person may have chosen the rows.
    """
    table = there.find(main.reads[0].patterns) if main.reads else ""
    if only and (not table or not there.column(table, only[0])):
        known = there.columns.get(table, ())
        raise UsageError(
            f"--only: {table or 'the statement'} has no column {only[0]!r}{did_you_mean(only[0], known)}"
        )
    chosen = replace(there, only=only)
    if only and not _values(copy, chosen, table, only[0]):
        listed = _shown(_values(copy, there, table, only[0]))
        raise UsageError(f"--only: no row of {table} has {only[0]} = {only[1]!r}; there are {listed}")
    for column in _telling(chosen, table) if is_own else ():
        found = _values(copy, chosen, table, column)
        if len(found) > 1:
            example = next((value for value in found if value), "")
            raise UsageError(
                f"{table} holds several accounts, by its column {column}: {_shown(found)}. They are never "
                f'mixed: choose one, as in --only "{column}={plain(example)}", and a folder for each'
            )
    return chosen


def _telling(there: Tables, table: str) -> Iterator[str]:
    return (column for column in there.columns.get(table, ()) if plain_name(column) in TELLING)


def _values(copy: Warehouse, there: Tables, table: str, column: str) -> list[str]:
    """Return the values of a column, in order; of rows without one, an empty text."""
    name = copy.dialect.quote(there.column(table, column))
    value = f"CAST({name} AS {copy.dialect.text})"
    rows = f"SELECT DISTINCT {value} AS value FROM {there.source(table, copy.dialect)}"
    return sorted({value or "" for value in copy.values(rows)})


def _shown(values: list[str]) -> str:
    listed = ", ".join(plain(value)[:80] or "(empty)" for value in values[:SHOWN])
    return f"{listed} and {len(values) - SHOWN:,} more" if len(values) > SHOWN else listed
