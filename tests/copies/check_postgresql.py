"""A copy in a real PostgreSQL server gives the audit of a pull, and its password is in nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.clients import reader
from support.copies import MAKERS, SYNCED, Account, Tables, columns
from support.postgres import OWNER, PASSWORD, Postgres, missing, running_postgres

from leverkit.analysis.audit import Audit, audit
from leverkit.emulator import running
from leverkit.errors import UsageError
from leverkit.snapshot.pull import pull
from leverkit.snapshot.warehouse.reading import read_copy

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "PostgreSQL is there")
FRAMES = ("tags", "contacts", "inconsistencies", "placements", "gaps")


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with running_postgres() as found:
        yield found


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> tuple[Account, Audit]:
    with running(contacts=200, seed=3, rate=None) as served, reader(served) as lever:
        return Account.read(lever), audit(pull(tmp_path_factory.mktemp("truth"), lever=lever))


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)


def load(server: Postgres, schema: str, tables: Tables) -> None:
    """Load tables into a schema, with the names as they are."""
    statements = [f'CREATE SCHEMA "{schema}";']
    for name, rows in tables.items():
        types = columns(rows)
        listed = ", ".join(f'"{column}" {kind.replace("DOUBLE", "FLOAT8")}' for column, kind in types.items())
        statements.append(f'CREATE TABLE "{schema}"."{name}" ({listed});')
        content = json.dumps(rows).replace("'", "''").replace("\\u0000", "")
        fill = f'FROM json_populate_recordset(NULL::"{schema}"."{name}", \'{content}\')'
        statements.append(f'INSERT INTO "{schema}"."{name}" SELECT * {fill};')
    server.run("\n".join(statements))


@pytest.mark.parametrize("shape", ["fivetran", "airbyte-raw", "tap-lever", "stitch", "dlt"])
def test_a_complete_copy_gives_the_audit_of_a_pull(
    server: Postgres, account: tuple[Account, Audit], tmp_path: Path, shape: str
) -> None:
    records, truth = account
    load(server, shape, MAKERS[shape](records))
    snapshot = read_copy(tmp_path / "snapshot", server.uri, shape, now_ms=SYNCED, schema=shape)
    found = audit(snapshot)
    for name in FRAMES:
        assert getattr(found, name).equals(getattr(truth, name)), name
    kept = b"".join(file.read_bytes() for file in snapshot.path.iterdir())
    assert PASSWORD.encode() not in kept
    assert snapshot.meta["copy"]["of"] == "postgresql://127.0.0.1/postgres"


@pytest.mark.parametrize(
    ("number", "tags", "time"),
    [
        (1, '\'["a, b", "c"]\'::jsonb', "now()"),
        (2, "ARRAY['a, b', 'c']", "now()::timestamp"),
        (3, '\'["a, b", "c"]\'::text', "1760000000000::numeric(38, 9)"),
    ],
)
def test_values_are_read_from_the_types_of_the_server(
    server: Postgres, tmp_path: Path, number: int, tags: str, time: str
) -> None:
    columns = f"gen_random_uuid() AS id, 'c' AS contact, {tags} AS tags, {time} AS \"createdAt\""
    server.run(f"CREATE SCHEMA types{number}; CREATE TABLE types{number}.opportunities AS SELECT {columns};")
    snapshot = read_copy(tmp_path / "s", server.uri, "airbyte", now_ms=SYNCED, schema=f"types{number}")
    ((found, at),) = snapshot.sql("SELECT tags, created_at FROM opportunities").fetchall()
    assert found == ["a, b", "c"]
    assert at > 0


@pytest.mark.parametrize("wrong", ["postgresql://nobody@{0}/postgres", "postgresql://postgres@{0}/none"])
def test_a_user_or_database_that_is_not_there_is_told_with_what_to_check(
    server: Postgres, tmp_path: Path, wrong: str
) -> None:
    with pytest.raises(UsageError, match=r"Check the address .*PGPASSWORD or a pass file$") as raised:
        read_copy(tmp_path / "no", wrong.format(f"127.0.0.1:{server.port}"), "dlt", now_ms=SYNCED)
    assert PASSWORD not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_pass_file_is_used_and_a_wrong_password_is_not_shown(
    server: Postgres, account: tuple[Account, Audit], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(server, "pass", MAKERS["fivetran"](account[0]))
    monkeypatch.setenv("PGPASSWORD", "wrong-and-secret")
    with pytest.raises(UsageError, match="password authentication failed") as raised:
        read_copy(tmp_path / "no", server.uri, "fivetran", now_ms=SYNCED, schema="pass")
    assert "wrong-and-secret" not in str(raised.value)
    monkeypatch.delenv("PGPASSWORD")
    file = tmp_path / "pgpass"
    escaped = PASSWORD.replace("\\", "\\\\").replace(":", "\\:")
    file.write_text(f"127.0.0.1:*:*:{OWNER}:{escaped}\n")
    file.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(file))
    snapshot = read_copy(tmp_path / "yes", server.uri, "fivetran", now_ms=SYNCED, schema="pass")
    assert snapshot.meta["counts"]["opportunities"] == len(account[0].opportunities)


def test_what_a_user_may_not_read_ends_with_what_the_server_says(server: Postgres, tmp_path: Path) -> None:
    server.run("CREATE SCHEMA closed; CREATE TABLE closed.opportunity (id text, contact text);")
    server.run("CREATE TABLE closed.opportunity_tag (opportunity_id text, tags integer);")
    with pytest.raises(UsageError, match=r"postgresql://127.0.0.1/postgres: .*invalid input syntax"):
        read_copy(tmp_path / "no", server.uri, "fivetran", now_ms=SYNCED, schema="closed")
