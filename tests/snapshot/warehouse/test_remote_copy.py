"""Addresses of warehouses: what is wrong with one is said before anything is connected to."""

from __future__ import annotations

from pathlib import Path

import pytest

from leverkit.errors import UsageError
from leverkit.extras import is_installed
from leverkit.snapshot.warehouse.reading import read_copy


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("postgresql://ada:secret@127.0.0.1/db", "a password in an address"),
        ("redshift://ada@127.0.0.1/db?password=secret", "a password in an address"),
        ("postgresql://127.0.0.1/db?sslpassword=secret", "a password in an address"),
        ("snowflake://account/db?adbc.snowflake.sql.client_option.auth_token=secret", "a password in an"),
        ("postgresql://ada:se/secret@127.0.0.1/db", "a password in an address"),
        ("postgresql://ada:se?secret@127.0.0.1/db", "a password in an address"),
        (
            "postgresql://ada:secret@[127.0.0.1/db",
            "cannot be read; .* written as postgresql://USER@HOST:PORT/",
        ),
        ("redshift://[::1", "cannot be read; .* written as redshift://USER@HOST:PORT/DATABASE"),
        ("postgresql://", "written as postgresql://USER@HOST:PORT/DATABASE"),
        ("postgresql:ada:secret@127.0.0.1/db", "a password in an address"),
        ("bigquery://", "written as bigquery://PROJECT/DATASET"),
        ("bigquery://project", "names project and dataset: bigquery://PROJECT/DATASET"),
        (
            "mysql://ada:secret@127.0.0.1/db",
            "no such kind of address: .*postgresql://USER@HOST:PORT/DATABASE",
        ),
        ("host=127.0.0.1 password=secret", "no such kind of address"),
    ],
)
def test_a_wrong_address_is_refused_without_showing_what_is_secret(
    tmp_path: Path, uri: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        read_copy(tmp_path / "out", uri, "dlt", now_ms=1)
    assert "secret" not in str(raised.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("extra", ["postgresql", "snowflake", "bigquery"])
def test_a_driver_that_is_not_installed_is_named_with_the_command_that_installs_it(
    tmp_path: Path, extra: str
) -> None:
    if is_installed(extra):
        pytest.skip(f"leverkit[{extra}] is installed here")
    with pytest.raises(UsageError, match=rf"pip install 'leverkit\[{extra}\]'"):
        read_copy(tmp_path / "out", f"{extra}://host/database", "dlt", now_ms=1)
