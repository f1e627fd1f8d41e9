"""Ctrl-C while a command still loads: one line and 130, as later; a program that imports us is left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from leverkit.cli import startup

HIT = "import os, signal; os.kill(os.getpid(), signal.{})"


def started(tmp_path: Path, *words: str, hit: str = "SIGINT") -> subprocess.CompletedProcess[str]:
    """Run Python with a library that is interrupted while leverkit loads it."""
    tmp_path.mkdir(exist_ok=True)
    (tmp_path / "dotenv.py").write_text(HIT.format(hit))
    (tmp_path / "leverkit").write_text("from leverkit.cli import main; main(['doctor'])")
    paths = os.pathsep.join([str(tmp_path), *sys.path])
    environment = {**os.environ, "PYTHONPATH": paths}
    return subprocess.run(
        [sys.executable, *words],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background ignores it
    )


@pytest.mark.parametrize("hit", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("words", [("-m", "leverkit", "doctor"), ("{}/leverkit",)])
def test_an_interruption_while_it_loads_is_one_line(tmp_path: Path, words: tuple[str, ...], hit: str) -> None:
    ended = started(tmp_path / "lib", *(word.format(tmp_path / "lib") for word in words), hit=hit)
    assert (ended.returncode, ended.stdout) == (130, "")
    assert ended.stderr == "leverkit: interrupted; nothing was begun\n"


def test_a_program_that_imports_leverkit_keeps_its_own_way_with_ctrl_c(tmp_path: Path) -> None:
    ended = started(tmp_path, "-c", "import leverkit")
    assert ended.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in ended.stderr


def test_what_a_background_job_ignores_stays_ignored() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        startup.begin(["python", "-m", "leverkit"])
        startup.begun()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
