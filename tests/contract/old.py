"""Record the folder of an older version: snapshot, policy, a run that a limit stopped, the same run finished.

`account/` is the emulated account as it was when the run stopped, so no test hangs on what a seed gives.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from contract import flow, surface

import leverkit as lk
from leverkit.emulator import Running, running

HERE = surface.HERE / "old_run"
APPLY = "apply", "run", "--approve"
SLOW = "--rate", "2", "--max-duration", "1"
SOMEBODY = "somebody@some-host process 1"
LISTS = ("opportunities", "archive_reasons", "stages")
JUNK = ("lock", "*.last", "*.lock")


def record() -> None:
    """Write the folder anew."""
    shutil.rmtree(HERE, ignore_errors=True)
    with TemporaryDirectory() as name, running(contacts=30, seed=5, rate=None) as account:
        folder = Path(name)
        with flow.at(account, folder):
            flow.prepare(account.truth)
            made = flow.plan()
            flow.document(*APPLY, made["plan_id"], *SLOW, code=8)
            _keep(folder, "stopped")
            _keep_account(account)
            flow.document(*APPLY, made["plan_id"], *flow.FAST)
            flow.document("verify", "run", *flow.FAST)
            _keep(folder, "finished")
            for part in ("snapshot", "policy.csv"):
                _copy(folder / part, HERE / part)
    surface.write("old_run.json", facts())


def facts() -> dict[str, Any]:
    """Return what status says about the recorded runs, but for where they are."""
    return {
        name: flow.document("status", str(HERE / name)) | {"next": ""} for name in ("stopped", "finished")
    }


def _keep(folder: Path, name: str) -> None:
    """Copy the run folder, without the name of who ran it and of the machine."""
    anonymise(folder / "run" / "journal.sqlite")
    _copy(folder / "run", HERE / name)


def _copy(source: Path, to: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, to, ignore=shutil.ignore_patterns(*JUNK))
    else:
        shutil.copy(source, to)


def _keep_account(account: Running) -> None:
    (HERE / "account").mkdir()
    with lk.connect(rate=1000) as lever:
        for name in LISTS:
            everything = {"confidentiality": "all"} if name == "opportunities" else {}
            items = [item for page in lever.pages(f"/{name}", type=dict, **everything) for item in page.items]
            lines = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
            (HERE / "account" / f"{name}.jsonl").write_text(lines, encoding="utf-8")


def anonymise(path: Path) -> None:
    """Name somebody in a journal for whoever wrote it, and chain its entries anew, as format 1 has it."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        rows = db.execute("SELECT seq, at_ms, kind, body FROM entries ORDER BY seq").fetchall()
        db.execute("DROP TRIGGER never_updated")
        chain = "0" * 64
        for seq, at_ms, kind, body in rows:
            if kind == "begun":
                body = json.dumps(json.loads(body) | {"by": SOMEBODY}, separators=(",", ":"))
            chain = hashlib.sha256(f"{chain}\n{seq}\n{at_ms}\n{body}".encode()).hexdigest()
            db.execute("UPDATE entries SET body = ?, chain = ? WHERE seq = ?", (body, chain, seq))
        db.execute(
            "CREATE TRIGGER never_updated BEFORE UPDATE ON entries "
            "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
        )
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute("PRAGMA journal_mode = DELETE")
