"""The whole flow by commands on an emulated account, and the form of the documents and files that it leaves.

A form has names and types, no values: of a JSON document its keys and the types of what they hold, of a CSV
file its header, of a Parquet file its columns, of an SQLite file its tables.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import nbformat

import leverkit as lk
from leverkit.cli.main import main
from leverkit.emulator import Running, running

FIELD = re.compile(r"[a-z][a-z0-9_]*")
BY_DATA = ("tag_counts", "true_counts", "gaps")  # keys are tags or kinds of gap, whatever they look like
FAST = ("--rate", "1000")
WIDE = ("--max-pct", "100", "--max-tag-pct", "10000")
CELLS = ('name: str = "nobody"  # who', "import leverkit as lk\n\njob = lk.parameters(globals())")
SOURCE = 'requests.get("https://api.lever.co/v1/candidates/" + candidate)\n'


@contextlib.contextmanager
def at(account: Running, folder: Path) -> Iterator[None]:
    """Work in a folder, with an account that the environment names, and with locks of its own."""
    before = dict(os.environ)
    cache, home = str(folder / ".cache"), str(folder / "workspace")
    os.environ |= {
        "LEVER_API_KEY": account.api_key,
        "LEVER_BASE_URL": account.base_url,
        "LOGNAME": "somebody",
    }
    os.environ |= {"XDG_CACHE_HOME": cache, "LEVERKIT_WORKSPACE": home}
    try:
        with contextlib.chdir(folder):
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def command(*words: str) -> tuple[int, str]:
    """Run a command of leverkit in this process; return its exit code and what it printed on stdout."""
    out, handler = io.StringIO(), signal.getsignal(signal.SIGTERM)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            main(list(words))
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    finally:
        signal.signal(signal.SIGTERM, handler)
    raise AssertionError("a command ends by SystemExit")


def document(*words: str, code: int = 0) -> Any:
    """Run a command with --json that must end with a code, and return its document."""
    found, text = command(*words, "--json")
    assert found == code, (words, found, text)
    return json.loads(text)


def prepare(truth: dict[str, str]) -> dict[str, Any]:
    """Read the account into snapshot/ and decide the tags in policy.csv as they are; return the documents."""
    found = {"pull": document("pull", "-o", "snapshot", *FAST), "audit": document("audit", "snapshot")}
    assert command("policy", "suggest", "snapshot", "-o", "policy.csv")[0] == 0
    found["policy accept"] = document("policy", "accept", "policy.csv", "--min-confidence", "0.7")
    policy = lk.Policy.read("policy.csv")
    person = {tag: "contact" for tag in policy.scopes if truth.get(tag) == "contact"}
    policy.decide(person, by="somebody").write("policy.csv")
    return found


def plan(run: str = "run") -> Any:
    """Plan the migration, and return plan.json."""
    return document("plan", "snapshot", "--policy", "policy.csv", "-o", run, *WIDE)


def flow(truth: dict[str, str]) -> dict[str, Any]:
    """Go through all steps in the current folder, and return the JSON document of each command."""
    found = {"doctor": document("doctor")} | prepare(truth)
    found["plan"] = plan()
    approved = ("apply", "run", "--approve", found["plan"]["plan_id"])
    found["apply"] = document(*approved, *FAST)
    found["verify"] = document("verify", "run", *FAST)
    found["status"] = document("status", "run")
    found["replay"] = document("replay", "run")
    assert command("pull", "-o", "snapshot", *FAST)[0] == 0
    found["changes"] = document("changes", "snapshot")
    found["sync approve"] = document("sync", "approve", "--policy", "policy.csv", "--max-ops", "9")
    found["sync"] = document("sync", "--policy", "policy.csv", "-o", "nightly", *FAST)
    found["rollback"] = document("rollback", "run", "-o", "undo")
    Path("job.ipynb").write_text(nbformat.writes(_notebook()), encoding="utf-8")
    found["run"] = document("run", "job.ipynb", "-o", "job", "-p", "name=me")
    found["status of a job"] = document("status", "job")
    Path("source.py").write_text(SOURCE, encoding="utf-8")
    return found | {"scan": document("scan", "source.py")}


def recording() -> dict[str, Any]:
    """Return the forms of all documents and files of a flow on a small account."""
    return documents_and_forms()[1]


def documents_and_forms() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the documents of a flow on a small account, by command, and the forms of all."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as name, running(contacts=60, seed=3, rate=None) as account:
        folder = Path(name)
        with at(account, folder):
            documents = flow(account.truth)
        return documents, {
            "documents": {name: form(value) for name, value in documents.items()},
            "files": {part: files(folder / part) for part in ("snapshot", "run", "undo", "job")},
            "policy.csv": file(folder / "policy.csv"),
        }


def files(folder: Path) -> dict[str, Any]:
    """Return the form of each file of a folder."""
    return {path.name: file(path) for path in sorted(folder.iterdir())}


def file(path: Path) -> Any:
    """Return the form of a file, by the end of its name; None where only its name counts."""
    match path.suffix:
        case ".json":
            return form(json.loads(path.read_bytes()))
        case ".csv":
            return path.read_text(encoding="utf-8-sig").splitlines()[0]
        case ".parquet":
            described = duckdb.connect().execute(f"DESCRIBE SELECT * FROM '{path}'").fetchall()
            return {str(row[0]): str(row[1]) for row in described}
        case ".sqlite":
            return _journal(path)
    return None


def form(value: Any, key: str = "") -> Any:
    """Return the form of a JSON value: {"*": …} for objects whose keys are data, one item for a list."""
    if isinstance(value, dict) and value and (key in BY_DATA or not all(map(FIELD.fullmatch, value))):
        return {"*": merged([form(each) for each in value.values()])}
    if isinstance(value, dict):
        return {name: form(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [merged([form(each) for each in value])] if value else []
    return "null" if value is None else type(value).__name__


def merged(forms: list[Any]) -> Any:
    """Return one form for several: of objects all keys, of other types their names."""
    if all(isinstance(each, dict) for each in forms):
        keys = dict.fromkeys(key for each in forms for key in each)
        return {key: merged([each[key] for each in forms if key in each]) for key in keys}
    if all(isinstance(each, list) for each in forms):
        parts = [part for each in forms for part in each]
        return [merged(parts)] if parts else []
    words = {each if isinstance(each, str) else json.dumps(each, sort_keys=True) for each in forms}
    return " or ".join(sorted({part for word in words for part in word.split(" or ")}))


def _journal(path: Path) -> dict[str, Any]:
    """Return the columns of the table of entries, and the form of the body of each kind."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        columns = {row[1]: row[2] for row in db.execute("PRAGMA table_info(entries)")}
        bodies: dict[str, list[Any]] = {}
        for kind, body in db.execute("SELECT kind, body FROM entries"):
            bodies.setdefault(kind, []).append(form(json.loads(body)))
    return {"columns": columns, "bodies": {kind: merged(each) for kind, each in bodies.items()}}


def _notebook() -> Any:
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    cells[0].metadata["tags"] = ["parameters"]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
