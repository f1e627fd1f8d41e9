"""A copy of Lever in a warehouse that is reached over the network, by its ADBC driver, as Arrow.

A password is in no address. libpq takes it from PGPASSWORD or a pass file (PGPASSFILE, `~/.pgpass`),
Snowflake's driver gets SNOWFLAKE_PASSWORD, Google's credentials are those of GOOGLE_APPLICATION_CREDENTIALS.
Snowflake and BigQuery are written after the drivers' documentation and untried: there is no double of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from leverkit.api.auth import Secret
from leverkit.errors import UsageError
from leverkit.extras import require
from leverkit.snapshot.warehouse.clear_errors import clear_errors
from leverkit.snapshot.warehouse.dialect import COLUMNS, Dialect

if TYPE_CHECKING:
    from leverkit.snapshot.snapshot import Database

POSTGRESQL, REDSHIFT_PORT = ("postgresql", "postgres", "redshift"), 5439
_SECRET = re.compile(
    "passw|secret|token|pkcs8_value", re.IGNORECASE
)  # names of parameters of a key or password
Connected = tuple[Dialect, Any]  # and the driver's connection
SCHEMES = (*POSTGRESQL, "snowflake", "bigquery")


class RemoteCopy:
    """A copy behind a connection of an ADBC driver; `what` is what snapshot.json says of it."""

    def __init__(self, db: Database, uri: str, password: Secret) -> None:
        parts = urlsplit(uri)
        if parts.password is not None or any(map(_SECRET.search, _query(uri))):
            raise UsageError(
                "a password in an address ends up in lists of commands and processes: take it out, and set "
                "PGPASSWORD or a pass file, or SNOWFLAKE_PASSWORD"
            )
        self._db, self._password = db, password
        self.what = f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
        connect = {"snowflake": _snowflake, "bigquery": _bigquery}.get(parts.scheme, _postgresql)
        with clear_errors(self.what, password):
            self.dialect, self._connection = connect(uri, password)

    def columns(self) -> Iterable[tuple[str, str, str]]:
        """Return schema, table and name of each column that this user may see."""
        self.fetch(self.dialect.listing, "columns_of_copy")
        found: list[tuple[str, str, str]] = self._db.execute("FROM columns_of_copy").fetchall()
        return found

    def fetch(self, sql: str, name: str) -> None:
        """Make a temporary table of this name from a SELECT that runs in the warehouse."""
        with clear_errors(self.what, self._password), self._connection.cursor() as cursor:
            cursor.execute(sql)
            self._db.register("arrow_of_copy", cursor.fetch_arrow())
            self._db.execute(f'CREATE OR REPLACE TEMP TABLE "{name}" AS FROM arrow_of_copy')
            self._db.unregister("arrow_of_copy")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _postgresql(uri: str, _: Secret) -> Connected:
    parts = urlsplit(uri)
    port = f":{REDSHIFT_PORT}" if parts.scheme == "redshift" and not parts.port else ""
    address = parts._replace(scheme="postgresql", netloc=f"{parts.netloc}{port}").geturl()
    return Dialect(), _driver("postgresql").connect(address, autocommit=True)


def _snowflake(uri: str, password: Secret) -> Connected:
    parts = urlsplit(uri)
    database, _, schema = parts.path.strip("/").partition("/")
    given = {
        "username": parts.username or "",
        "password": password.reveal(),
        "adbc.snowflake.sql.account": parts.hostname or "",
        "adbc.snowflake.sql.db": database,
        "adbc.snowflake.sql.schema": schema,
        **{f"adbc.snowflake.sql.{name}": text for name, text in _query(uri).items()},
    }
    connection = _driver("snowflake").connect(db_kwargs={name: text for name, text in given.items() if text})
    return Dialect(listing=COLUMNS.format(place=f"{database}." if database else "")), connection


def _bigquery(uri: str, _: Secret) -> Connected:
    parts = urlsplit(uri)
    dataset = parts.path.strip("/")
    if not (parts.hostname and dataset):
        raise UsageError("the address of BigQuery names project and dataset: bigquery://PROJECT/DATASET")
    given = {"adbc.bigquery.sql.project_id": parts.hostname, "adbc.bigquery.sql.dataset_id": dataset}
    listing = COLUMNS.format(place=f"`{dataset}`.").replace("information_schema", "INFORMATION_SCHEMA")
    dialect = Dialect(quotes="`", text="STRING", listing=listing.replace(".columns", ".COLUMNS"))
    return dialect, _driver("bigquery").connect(db_kwargs=given)


def _driver(name: str) -> Any:
    require(name)
    return import_module(f"adbc_driver_{name}.dbapi")


def _query(uri: str) -> Mapping[str, str]:
    return {name: values[-1] for name, values in parse_qs(urlsplit(uri).query).items()}
