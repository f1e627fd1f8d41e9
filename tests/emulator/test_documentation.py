"""docs/emulator.md: its snippets run as they stand, and its tables name what there is."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest

from leverkit.emulator.config import Config
from leverkit.emulator.http.faults import Kind
from leverkit.emulator.server.control_api import PAGE_ACTIONS

MANUAL = (Path(__file__).parents[2] / "docs" / "emulator.md").read_text(encoding="utf-8")


def snippets(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", MANUAL, flags=re.DOTALL | re.MULTILINE)


def test_the_python_snippet_runs(tmp_path: Path) -> None:
    (snippet,) = snippets("python")
    ended = subprocess.run([sys.executable, "-c", snippet], cwd=tmp_path, timeout=60)
    assert ended.returncode == 0


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_shell_snippets_run_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "leverkit").write_text(
        f'#!/bin/sh\nshift\nexec "{sys.executable}" -m leverkit.emulator "$@"\n'
    )
    (tmp_path / "leverkit").chmod(0o755)
    pytest.importorskip("trustme", reason="needs leverkit[tls]")
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        ports = {"8765": one.getsockname()[1], "8766": other.getsockname()[1]}
    script = "\n".join(["set -e", *snippets("sh"), "kill %1 %2"])
    for shown, free in ports.items():
        script = script.replace(shown, str(free))
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    options: Any = {"cwd": tmp_path, "env": environment, "capture_output": True, "text": True, "timeout": 60}
    ended = subprocess.run(["bash", "-c", script], check=False, **options)
    assert ended.returncode == 0, ended.stderr
    over_http, over_https = ended.stdout.split('"message":"Lever is undergoing maintenance."}')
    assert '"hasNext":true' in over_http
    assert over_https.startswith('{"data":[{"count"')


@pytest.mark.parametrize("names", [get_args(Kind), tuple(PAGE_ACTIONS)])
def test_the_tables_name_every_fault_and_every_act(names: tuple[str, ...]) -> None:
    assert [name for name in names if f"`{name}`" not in MANUAL] == []


def test_the_switches_in_the_table_exist() -> None:
    table = MANUAL.partition("| switch | values |")[2].partition("\n\n")[0]
    named = {name for line in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", line.split("|")[1])}
    assert named <= set(Config.__struct_fields__)
    assert len(named) > 15
