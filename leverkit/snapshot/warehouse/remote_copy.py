"""A copy of Lever in a warehouse that is reached over the network, by its ADBC driver, as Arrow.

A password is in no address. libpq takes it from PGPASSWORD or a pass file (PGPASSFILE, `~/.pgpass`),
Snowflake's driver gets SNOWFLAKE_PASSWORD, Google's credentials are those of GOOGLE_APPLICATION_CREDENTIALS.
Snowflake and BigQuery are written after the drivers' documentation and untried: there is no double of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult

from leverkit.api.auth import Secret
from leverkit.errors import UsageError
from leverkit.extras import require
from leverkit.snapshot.warehouse import address
from leverkit.snapshot.warehouse.clear_errors import clear_errors
from leverkit.snapshot.warehouse.dialect import COLUMNS, STATEMENTS, Dialect

if TYPE_CHECKING:
    from leverkit.snapshot.snapshot import Database

REDSHIFT_PORT = 5439
PASSWORDS = {
    "snowflake": "the password in SNOWFLAKE_PASSWORD",
    "bigquery": "the credentials that GOOGLE_APPLICATION_CREDENTIALS names",
}
# Materialized views, which information_schema leaves out, are tables of a copy, too.
POSTGRESQL = """
    SELECT spaces.nspname::text, tables.relname::text, columns.attname::text
    FROM pg_attribute columns JOIN pg_class tables ON tables.oid = columns.attrelid
    JOIN pg_namespace spaces ON spaces.oid = tables.relnamespace
    WHERE tables.relkind IN ('r', 'v', 'm', 'f', 'p') AND NOT tables.relispartition AND columns.attnum > 0
        AND NOT columns.attisdropped AND spaces.nspname NOT LIKE 'pg\\_%'
        AND has_schema_privilege(spaces.oid, 'USAGE')
        AND has_column_privilege(tables.oid, columns.attnum, 'SELECT')
    ORDER BY columns.attrelid, columns.attnum"""
Connected = tuple[Dialect, Any]  # and the driver's connection


class RemoteCopy:
    """A copy behind a connection of an ADBC driver; `what` is what snapshot.json says of it."""

    places = "schemas"

    def __init__(self, db: Database, uri: str, password: Secret) -> None:
        parts = address.parse(uri)
        self._db, self._password, self.schema = db, password, address.schema(parts)
        self.what = f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
        connect = {"snowflake": _snowflake, "bigquery": _bigquery}.get(parts.scheme, _postgresql)
        secrets = PASSWORDS.get(parts.scheme, "the password in PGPASSWORD or a pass file")
        advice = f"Check the address ({address.form(parts.scheme)}), and {secrets}"
        with clear_errors(self.what, advice, password):
            self.dialect, self._connection = connect(parts, password)

    def columns(self) -> Iterable[tuple[str, str, str]]:
        """Return schema, table and name of each column that this user may see."""
        self.fetch(self.dialect.listing, "columns_of_copy")
        found: list[tuple[str, str, str]] = self._db.execute("FROM columns_of_copy").fetchall()
        return found

    def values(self, sql: str) -> list[str | None]:
        """Return the one column of a SELECT."""
        self.fetch(sql, "values_of_copy")
        return [value for (value,) in self._db.execute("FROM values_of_copy").fetchall()]

    def fetch(self, sql: str, name: str) -> None:
        """Make a temporary table of this name from a SELECT that runs in the warehouse."""
        with clear_errors(self.what, STATEMENTS, self._password), self._connection.cursor() as cursor:
            cursor.execute(sql)
            self._db.register("arrow_of_copy", cursor.fetch_arrow())
            self._db.execute(f'CREATE OR REPLACE TEMP TABLE "{name}" AS FROM arrow_of_copy')
            self._db.unregister("arrow_of_copy")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _postgresql(parts: SplitResult, _: Secret) -> Connected:
    port = f":{REDSHIFT_PORT}" if parts.scheme == "redshift" and not parts.port else ""
    there = f"postgresql://{parts.netloc}{port}{parts._replace(scheme='', netloc='').geturl()}"
    listing = POSTGRESQL if parts.scheme != "redshift" else COLUMNS.format(place="")
    return Dialect(listing=listing), _driver("postgresql").connect(there, autocommit=True)


def _snowflake(parts: SplitResult, password: Secret) -> Connected:
    database, _, schema = parts.path.strip("/").partition("/")
    given = {
        "username": parts.username or "",
        "password": password.reveal(),
        "adbc.snowflake.sql.account": parts.hostname or "",
        "adbc.snowflake.sql.db": database,
        "adbc.snowflake.sql.schema": schema,
        **{f"adbc.snowflake.sql.{name}": text for name, text in address.query(parts).items()},
    }
    connection = _driver("snowflake").connect(db_kwargs={name: text for name, text in given.items() if text})
    return Dialect(listing=COLUMNS.format(place=f"{database}." if database else "")), connection


def _bigquery(parts: SplitResult, _: Secret) -> Connected:
    dataset = parts.path.strip("/")
    if not (parts.hostname and dataset):
        raise UsageError(f"the address of BigQuery names project and dataset: {address.form('bigquery')}")
    given = {"adbc.bigquery.sql.project_id": parts.hostname, "adbc.bigquery.sql.dataset_id": dataset}
    listing = COLUMNS.format(place=f"`{dataset}`.").replace("information_schema", "INFORMATION_SCHEMA")
    dialect = Dialect(quotes="`", text="STRING", listing=listing.replace(".columns", ".COLUMNS"))
    return dialect, _driver("bigquery").connect(db_kwargs=given)


def _driver(name: str) -> Any:
    require(name)
    return import_module(f"adbc_driver_{name}.dbapi")
