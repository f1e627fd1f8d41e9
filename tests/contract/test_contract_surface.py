"""The contract, part 1: Python names, commands, exit codes and notebooks are as recorded."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from contract import surface

from leverkit.environment import VARIABLES

KEYS = [name for name in VARIABLES if name.startswith("LEVER_")]
ADDRESS_ALONE = {"LEVER_BASE_URL": "http://127.0.0.1:9/v1"}


def ended(folder: Path, *words: str, **environment: str) -> int:
    """Return the exit code of `python -m leverkit` in a folder."""
    kept = {name: value for name, value in os.environ.items() if name not in KEYS}
    command = [sys.executable, "-m", "leverkit", *words]
    return subprocess.run(command, cwd=folder, env=kept | environment, capture_output=True).returncode


def test_every_public_name_can_be_imported_and_used_as_the_sample_uses_it() -> None:
    assert callable(runpy.run_path(str(surface.HERE / "api.py"))["migrate"])


def test_public_names_have_the_recorded_parameters() -> None:
    assert surface.names() == surface.recorded("names.json")


def test_commands_have_the_recorded_options_and_arguments() -> None:
    found, recorded = surface.commands(), surface.recorded("commands.json")
    assert sorted(found) == sorted(recorded)
    for words, expected in recorded.items():
        assert found[words] == expected, words


def test_error_classes_have_the_recorded_exit_codes() -> None:
    assert surface.exit_codes() == surface.recorded("exit_codes.json")


@pytest.mark.parametrize(
    ("words", "environment", "code"),
    [
        (["--help"], {}, 0),
        (["--version"], {}, 0),
        (["emulator", "--wrong"], {}, 64),
        (["plan", "nothing", "--wrong"], {}, 64),
        (["status", "nothing"], {}, 64),
        (["pull", "-o", "snapshot"], ADDRESS_ALONE, 64),
    ],
)
def test_the_process_ends_with_the_recorded_code(
    tmp_path: Path, words: list[str], environment: dict[str, str], code: int
) -> None:
    assert ended(tmp_path, *words, **environment) == code


def test_the_emulator_s_plugin_gives_its_fixture(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "def test_it(lever_emulator):\n    assert lever_emulator(contacts=20, seed=1).base_url\n"
    )
    words = ["-m", "pytest", "-q", "-p", "leverkit.emulator.pytest_plugin", "-p", "no:cacheprovider"]
    alone = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    assert (
        subprocess.run([sys.executable, *words], cwd=tmp_path, env=alone, capture_output=True).returncode == 0
    )


@pytest.mark.parametrize("name", sorted(surface.recorded("notebooks.json")))
def test_notebooks_have_the_recorded_code_cells_and_parameters(name: str) -> None:
    found: dict[str, Any] = surface.notebooks()
    assert found[name] == surface.recorded("notebooks.json")[name]
