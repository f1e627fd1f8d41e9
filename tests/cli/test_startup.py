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


HELP = """
import contextlib, sys
from typer.main import get_command
from leverkit.cli.app import app
from leverkit.cli.main import main

def show(words, command):
    if words != ["emulator"]:  # its options are its own, and it loads a web server to name them
        with contextlib.suppress(SystemExit):
            main([*words, "--help"])
    for name, below in getattr(command, "commands", {}).items():
        show([*words, name], below)

show([], get_command(app))
print(*sorted(name for name in sys.modules if name.count(".") < 2), file=sys.stderr)
"""


def test_the_help_of_every_command_loads_neither_the_client_nor_a_heavy_library() -> None:
    ended = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True, check=True)
    loaded = ended.stderr.split()
    libraries = {name.split(".")[0] for name in loaded} - {*sys.stdlib_module_names, "__main__"}
    ours = {name.split(".")[1] for name in loaded if name.startswith("leverkit.")}
    assert ended.stdout.count("Usage: leverkit") > 30
    assert ours == {"cli", "errors", "extras", "lazy_names", "report"}
    heavy = {"duckdb", "filelock", "httpx", "jinja2", "matplotlib", "msgspec", "numpy", "pandas", "rich"}
    assert not heavy & libraries


def test_what_reads_files_only_loads_no_http_client() -> None:
    """A status or a check of decisions is quick, as is each command that a job calls."""
    modules = "cli.migration migration.run planning.planner policy.policy analysis.audit verification.replay"
    code = (
        f"import importlib, sys\nfor name in {modules.split()}: importlib.import_module(f'leverkit.{{name}}')"
    )
    code += "\nprint(*{'httpx', 'leverkit.api.client', 'leverkit.api.http'} & set(sys.modules))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "\n"
