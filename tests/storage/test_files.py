"""Data is for its owner alone, nothing is written through a link, and a full disk is told with the file."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.plan_factory import account, contact_tags

import leverkit as lk
from leverkit.analysis.readiness import Readiness, remember
from leverkit.errors import UsageError
from leverkit.migration.journal import Journal, Opened, read
from leverkit.migration.run import Run
from leverkit.snapshot.snapshot import database
from leverkit.storage.files import SHARED, create, write_atomic
from leverkit.storage.lock import hold
from leverkit.storage.sqlite import durable
from leverkit.verification.replay import replay

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes and links of POSIX")


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    """Let everybody read new files, as the umask of most machines does, and write them too."""
    before = os.umask(0)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    """Return what others may open below a folder."""
    return [str(path) for path in (folder, *folder.rglob("*")) if path.lstat().st_mode & 0o077]


def test_what_a_migration_writes_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with account(contacts=40) as (emulated, lever):
        snapshot = lk.pull(home / "snapshot", lever=lever)
        facts = lk.audit(snapshot)
        facts.remember()
        policy = lk.Policy.suggest(facts)
        scopes = dict.fromkeys(contact_tags(emulated), "contact")
        policy = policy.decide(scopes, by="ada").write(home / "policy.csv")
        plan = lk.plan(snapshot, policy, home / "run")
        lk.apply(home / "run", approve=plan.short, lever=lever)
        lk.verify(home / "run", lever=lever)
        replay(Run.open(home / "run"))
        lk.rollback(home / "run", home / "undo")
    assert open_to_others(home) == []


def test_a_file_is_private_from_the_moment_it_is_made(tmp_path: Path) -> None:
    with (
        create(tmp_path / "a"),
        closing(durable(tmp_path / "b.sqlite")) as db,
        hold(tmp_path / "c", purpose="x"),
    ):
        db.execute("create table t (x)")
        assert [path.name for path in tmp_path.iterdir() if path.stat().st_mode & 0o077] == []


def test_what_a_person_shares_follows_the_umask(tmp_path: Path) -> None:
    os.umask(0o027)
    write_atomic(tmp_path / "public" / "report.html", b"", mode=SHARED)
    made = (tmp_path / "public", tmp_path / "public" / "report.html")
    assert [stat.S_IMODE(path.stat().st_mode) for path in made] == [0o750, 0o640]


def test_a_policy_keeps_the_mode_that_its_owner_gave_it(tmp_path: Path) -> None:
    policy = lk.Policy().write(tmp_path / "policy.csv")
    (tmp_path / "policy.csv").chmod(0o640)
    policy.write(tmp_path / "policy.csv")
    assert stat.S_IMODE((tmp_path / "policy.csv").stat().st_mode) == 0o640


def _history(path: Path) -> None:
    remember(path, Readiness("2026-01-01T00:00:00+00:00", "s", 1, 1, 1, 0, 0))


def _hold(path: Path) -> None:
    with hold(path, purpose="x"):
        pass


@pytest.mark.parametrize("write", [_hold, durable, _history, Journal], ids=lambda write: write.__name__)
def test_nothing_is_written_through_a_link(tmp_path: Path, write: Callable[[Path], object]) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"")
    link.symlink_to(target)
    with pytest.raises(UsageError, match="link"):
        write(link)
    assert target.read_bytes() == b""


def test_a_draft_that_is_a_link_is_replaced_and_its_target_left_alone(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "plan.json"
    target.write_bytes(b"theirs")
    link.symlink_to(target)
    with create(link) as file:
        file.write(b"ours")
    assert (target.read_bytes(), link.is_symlink()) == (b"theirs", False)


FULL = """
import resource, sys
from pathlib import Path
from leverkit.cli.main import _described
from leverkit.migration.journal import Journal, SessionStarted
from leverkit.storage.files import write_atomic
journal = Journal(Path(sys.argv[1]) / "journal.sqlite")
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
for write in (
    lambda: write_atomic(Path(sys.argv[1]) / "plan.json", bytes(9999)),
    lambda: journal.append(*[SessionStarted("a" * 999)] * 99),
):
    try:
        write()
    except Exception as error:
        print(_described(error))
"""


def test_a_full_disk_is_told_with_the_name_of_the_file(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True)
    plan, journal = ended.stdout.splitlines()
    assert plan.startswith(f"{tmp_path / 'plan.json'}: File too large")
    assert journal.startswith(f"{tmp_path / 'journal.sqlite'}: ")
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_a_journal_on_a_read_only_disk_is_read_and_nothing_is_written_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.sqlite"
    with closing(Journal(path)) as journal:
        journal.append(Opened("plan", "account"))
        before = sorted(tmp_path.iterdir())
        monkeypatch.setattr(os, "access", lambda *_: False)
        assert read(path) == journal.entries
        assert sorted(tmp_path.iterdir()) == before
    changed_ns = tmp_path.stat().st_mtime_ns  # as by a file made beside it, and removed again
    assert read(path) == journal.entries
    assert tmp_path.stat().st_mtime_ns == changed_ns


def test_a_query_spills_into_a_folder_that_nobody_else_can_open_or_foresee() -> None:
    with database() as db:
        ((folder,),) = db.sql("select current_setting('temp_directory')").fetchall()
    parent = Path(folder).parent
    assert stat.S_IMODE(parent.stat().st_mode) == 0o700
    query = "database().sql(\"select current_setting('temp_directory')\").fetchall()[0][0]"
    code = f"from leverkit.snapshot.snapshot import database; print({query}, end='')"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout != folder
    assert not Path(ended.stdout).parent.exists()


@pytest.mark.parametrize("address", ["s3://bucket/jobs", "gs://bucket/a.json", "https://example.com/x"])
def test_an_address_of_a_store_is_no_folder(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="is none"):
        write_atomic(Path(address) / "run.json", b"{}")
    assert list(tmp_path.iterdir()) == []
