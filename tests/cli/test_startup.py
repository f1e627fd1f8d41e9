"""Starting: Ctrl-C while a command still loads, and where Python finds the package.

Such an interruption is one line and 130, as later; a program that imports us is left alone.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

HIT = "import os, signal; os.kill(os.getpid(), signal.{})"


def started(folder: Path, *words: str, library: str, hit: str = "SIGINT") -> subprocess.CompletedProcess[str]:
    """Run Python with a library that is interrupted while leverkit loads it."""
    folder.mkdir(exist_ok=True)
    (folder / f"{library}.py").write_text(HIT.format(hit))
    (folder / "leverkit").write_text("from leverkit.cli.main import main; main(['doctor'])")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}
    return subprocess.run(
        [sys.executable, *words],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background ignores it
    )


@pytest.mark.parametrize("hit", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("words", [("-m", "leverkit", "doctor"), ("{}/leverkit",)])
def test_an_interruption_while_it_loads_is_one_line(tmp_path: Path, words: tuple[str, ...], hit: str) -> None:
    folder = tmp_path / "lib"
    ended = started(folder, *(word.format(folder) for word in words), library="typer", hit=hit)
    assert (ended.returncode, ended.stdout) == (130, "")
    assert ended.stderr == "leverkit: interrupted; nothing was begun\n"


def test_a_program_that_imports_leverkit_handles_ctrl_c_itself(tmp_path: Path) -> None:
    ended = started(tmp_path, "-c", "import leverkit; leverkit.connect", library="dotenv")
    assert ended.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in ended.stderr


def test_a_folder_named_leverkit_where_python_starts_does_not_hide_the_package(tmp_path: Path) -> None:
    """A clone is such a folder, seen from the one above; an editable install has to win all the same."""
    (tmp_path / "leverkit").mkdir()
    command = [sys.executable, "-c", "import leverkit as lk; lk.audit"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
