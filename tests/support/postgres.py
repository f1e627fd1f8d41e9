"""A PostgreSQL server for the length of a `with` block, on a port of this computer, with a password."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

OWNER = "postgres"  # of Debian's package; the server refuses to run as root
PASSWORD = "a password, with: special @ signs"


@dataclass(frozen=True)
class Postgres:
    """A running server: `uri` has no password in it."""

    port: int
    bin: Path

    @property
    def uri(self) -> str:
        return f"postgresql://{OWNER}@127.0.0.1:{self.port}/postgres"

    def run(self, sql: str) -> None:
        """Run statements."""
        words = [self.bin / "psql", "-q", "-v", "ON_ERROR_STOP=1", self.uri]
        environment = {**os.environ, "PGPASSWORD": PASSWORD}
        subprocess.run(words, input=sql, text=True, check=True, env=environment, stdout=subprocess.DEVNULL)


def missing() -> str:
    """Return why no server can be started here; empty where one can."""
    if _programs() is None:
        return "PostgreSQL is not installed: apt-get install postgresql"
    if os.geteuid() == 0 and subprocess.run(["id", OWNER], capture_output=True).returncode:
        return f"PostgreSQL refuses to run as root, and there is no user {OWNER}"
    return ""


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Start a server with an empty database in a folder of its own."""
    programs = _programs()
    assert programs is not None
    owner = {"user": OWNER, "group": OWNER, "extra_groups": []} if os.geteuid() == 0 else {}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    place = Path(tempfile.mkdtemp(prefix="leverkit-postgres-"))
    place.chmod(0o777)
    data, words = place / "data", place / "password"
    words.write_text(PASSWORD + "\n")
    words.chmod(0o644)
    given = {"check": True, "stdout": subprocess.DEVNULL, "cwd": place, **owner}
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
    try:
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", OWNER, "-A", "scram-sha-256", f"--pwfile={words}"],
            **given,
        )
        control = [programs / "pg_ctl", "-D", data, "-w"]
        subprocess.run([*control, "-o", options, "-l", data / "log", "start"], **given)
        try:
            yield Postgres(port, programs)
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **given)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _programs() -> Path | None:
    """Return the folder with the server's programs: Debian keeps them off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    named = shutil.which("initdb")
    return found[-1].parent if found else Path(named).resolve().parent if named else None
