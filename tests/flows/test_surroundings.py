"""Hostile surroundings: a command ends with one clear sentence and the documented code; nothing is lost."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.accounts import policy
from support.command_server import CommandServer, command_server
from support.commands import Ended
from support.plan_factory import account, contact_tags

from leverkit.planning.plan import Plan

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="modes, FIFOs and limits as Linux has them")
CODES = {0, 1, 3, 4, 5, 6, 8, 11, 12, 64}
SOMEBODY = 54321  # a user id without a name and a home folder
NO_LIMITS = ("--max-pct", "100", "--max-tag-pct", "1000")


@dataclass(frozen=True)
class Place:
    """A folder with a snapshot, a policy, a plan and a finished run of it, as files of its own."""

    run_command: CommandServer
    folder: Path
    plan_id: str

    def words(self, name: str, out: Path | None = None) -> list[str]:
        """Return the words of a command on the files here; what it makes goes to `out`."""
        at, new = str(self.folder), str(out or self.folder)
        decided = f"{at}/policy.csv"
        return {
            "pull": ["pull", "-o", f"{at}/snapshot"],
            "audit": ["audit", f"{at}/snapshot", "--html", f"{new}/audit.html"],
            "check": ["policy", "check", decided, f"{at}/snapshot"],
            "plan": [
                "plan",
                f"{at}/snapshot",
                "--policy",
                f"{at}/policy.csv",
                "-o",
                f"{new}/new",
                *NO_LIMITS,
            ],
            "apply": ["apply", f"{at}/run", "--approve", self.plan_id],
            "verify": ["verify", f"{at}/run"],
            "rollback": ["rollback", f"{at}/run", "-o", f"{new}/back"],
            "status": ["status", f"{at}/run"],
            "replay": ["replay", f"{at}/run"],
        }[name]


def done(place: Place, name: str) -> None:
    ended = place.run_command(*place.words(name))
    assert ended.code == 0, ended


@pytest.fixture(scope="module")
def finished() -> Iterator[Place]:
    """A place where everything went well."""
    with account(contacts=20, seed=3) as (emulated, _), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        environ = {"LEVER_API_KEY": emulated.api_key, "LEVER_BASE_URL": emulated.base_url}
        environ |= {"HOME": name, "XDG_CACHE_HOME": f"{name}/cache", "MPLCONFIGDIR": f"{name}/matplotlib"}
        policy(folder / "policy.csv", **dict.fromkeys(contact_tags(emulated), "contact"))
        with command_server(environ) as run_command:
            place = Place(run_command, folder, "")
            done(place, "pull")
            done(place, "plan")
            (folder / "new").rename(folder / "run")
            place = Place(run_command, folder, Plan.read(folder / "run").plan_id)
            done(place, "apply")
            done(place, "verify")
            yield place


@pytest.fixture
def place(finished: Place) -> Iterator[Place]:
    """A copy of that place, which other users may enter too."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        for part in ("snapshot", "run"):
            shutil.copytree(finished.folder / part, folder / part)
        shutil.copy(finished.folder / "policy.csv", folder / "policy.csv")
        yield Place(finished.run_command, folder, finished.plan_id)


def check(ended: Ended, code: int, *named: str) -> None:
    """The command ended with this code and one sentence that names the file; no traceback, no hanging."""
    assert ended.code == code, ended
    assert "Traceback" not in ended.err
    assert "unexpected" not in ended.err
    last = ended.err.strip().splitlines()[-1]
    assert last.startswith("leverkit: "), ended.err
    assert all(text in last for text in named), last


@pytest.mark.parametrize(
    ("file", "command", "code"),
    [
        ("run/plan.json", "status", 64),
        ("run/plan.csv", "status", 4),
        ("run/plan.csv", "apply", 4),
        ("run/before.json", "verify", 4),
        ("run/journal.sqlite", "status", 64),
        ("run/journal.sqlite", "apply", 64),
        ("run/lock", "apply", 64),
        ("snapshot/snapshot.json", "audit", 64),
        ("snapshot/opportunities.parquet", "plan", 64),
        ("snapshot/pull.sqlite", "pull", 64),
        ("policy.csv", "check", 64),
    ],
)
def test_a_fifo_in_place_of_a_file_is_refused_and_not_waited_for(
    place: Place, file: str, command: str, code: int
) -> None:
    path = place.folder / file
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    named = path.parent if file == "run/plan.json" else path
    ended = place.run_command(*place.words(command))
    assert ended.code == code
    check(ended, code, str(named))


@pytest.mark.parametrize("command", ["status", "verify", "replay"])
def test_files_that_only_inform_may_be_fifos(place: Place, command: str) -> None:
    for name in ("verify.json", "after.json", "lock"):
        (place.folder / "run" / name).unlink(missing_ok=True)
        os.mkfifo(place.folder / "run" / name)
    ended = place.run_command(*place.words(command))
    assert ended.code in CODES
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("command", ["apply", "rollback"])
def test_a_lock_that_is_a_link_is_refused_and_its_target_kept(place: Place, command: str) -> None:
    target = place.folder / "a file of somebody"
    target.write_text("content")
    lock = place.folder / "run" / "lock"
    lock.unlink(missing_ok=True)
    lock.symlink_to(target)
    check(place.run_command(*place.words(command)), 64, str(lock))
    assert target.read_text() == "content"


@pytest.mark.parametrize(
    ("command", "code"),
    [("audit", 0), ("plan", 0), ("status", 0), ("replay", 0), ("apply", 64), ("pull", 64), ("verify", 1)],
)
def test_on_a_read_only_disk_what_only_reads_goes_on(place: Place, command: str, code: int) -> None:
    out = place.folder / "out"
    out.mkdir()
    for path in (*place.folder.glob("snapshot/**"), *place.folder.glob("run/**"), *place.folder.glob("*/*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    ended = place.run_command(*place.words(command, out))
    if code == 0:
        assert ended.code == 0, ended
        assert "Traceback" not in ended.err
    else:
        check(ended, code, str(place.folder))
    for path in place.folder.glob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.mark.parametrize(
    ("command", "code", "named"),
    [
        ("pull", 64, "pull.sqlite"),
        ("plan", 64, "ledger.sqlite"),
        ("apply", 64, "ledger.sqlite"),
        ("audit", 1, "audit"),
        ("verify", 64, "journal.sqlite"),
        ("rollback", 64, "journal.sqlite"),
    ],
)
def test_a_full_disk_is_told_with_the_files_name_and_nothing_is_lost(
    place: Place, command: str, code: int, named: str
) -> None:
    if command == "apply":  # from the start
        for name in ("journal.sqlite", "result.json", "verify.json", "after.json"):
            (place.folder / "run" / name).unlink()
    check(place.run_command(*place.words(command), file_size=3000), code, named)
    again = place.run_command(*place.words(command))
    assert again.code in (0, 4) if command == "apply" else again.code == 0, again


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user without a home")
@pytest.mark.parametrize(("command", "code"), [("apply", 64), ("pull", 0), ("status", 0), ("plan", 0)])
def test_without_a_home_folder_it_says_which_variable_to_set(place: Place, command: str, code: int) -> None:
    for path in (place.folder, *place.folder.rglob("*")):
        os.chown(path, SOMEBODY, SOMEBODY)
    without = {"HOME": "", "XDG_CACHE_HOME": ""}
    ended = place.run_command(*place.words(command), environ=without, uid=SOMEBODY, cwd=place.folder)
    assert not (place.folder / "~").exists()
    if code:
        check(ended, code, "XDG_CACHE_HOME")
        told = place.run_command("doctor", environ=without, uid=SOMEBODY, cwd=place.folder)
        assert (told.code, "set XDG_CACHE_HOME" in told.out.replace("\n", " ")) == (64, True), told
    else:
        assert ended.code == 0, ended


def test_a_env_file_that_others_may_write_is_named_and_sends_no_key(place: Place) -> None:
    (place.folder / "inner").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        stranger.settimeout(5)
        heard: list[bytes] = []

        def listen() -> None:
            try:
                connection, _ = stranger.accept()
                heard.append(connection.recv(65536))
                connection.close()
            except OSError:
                pass

        thread = threading.Thread(target=listen)
        thread.start()
        env_file = place.folder / ".env"
        env_file.write_text(f"LEVER_BASE_URL=http://127.0.0.1:{stranger.getsockname()[1]}/v1\n")
        env_file.chmod(0o666)
        environ = {"LEVER_BASE_URL": "", "LEVER_API_KEY": "a-key"}
        words = ["pull", "-o", f"{place.folder}/other"]
        ended = place.run_command(*words, cwd=place.folder / "inner", environ=environ, patience=5)
        thread.join()
    assert heard == []
    assert str(env_file) in ended.err


def test_a_env_file_that_is_a_fifo_is_refused_and_not_waited_for(place: Place) -> None:
    os.mkfifo(place.folder / ".env")
    ended = place.run_command("doctor", cwd=place.folder, patience=5)
    assert ended.code in CODES
