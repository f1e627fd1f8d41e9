"""The wheel works outside of the repository, with the extras that are installed and no others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from leverkit.emulator import running
from leverkit.extras import MODULES

ROOT = Path(__file__).parent.parent
# A module that is None counts as not installed. Prints the exit code and stderr of each command.
COMMANDS = """
import contextlib, io, json, sys
commands, absent = map(json.loads, sys.argv[1:])
sys.modules.update(dict.fromkeys(absent))
from leverkit.cli.main import main
ended = []
for words in commands:
    with contextlib.redirect_stderr(io.StringIO()) as told, contextlib.redirect_stdout(io.StringIO()):
        try:
            main(words.split())
        except SystemExit as end:
            ended.append((end.code, told.getvalue()))
print(json.dumps(ended))
"""
Ended = list[tuple[int, str]]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and unpack it, as `pip install --no-deps --target` does."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (file,) = folder.glob("*.whl")
    with zipfile.ZipFile(file) as archive:
        archive.extractall(folder / "installed")
    return folder / "installed"


def commands(place: Path, cwd: Path, *words: str, bare: bool = True, **environment: str) -> Ended:
    """Run commands of an installed package in another folder; `bare`: without the modules of all extras."""
    absent = sorted({module for modules in MODULES.values() for module in modules}) if bare else []
    unset = {"LEVER_API_KEY": "", "LEVER_BASE_URL": "", "PYTHONPATH": str(place), "HOME": str(cwd)}
    arguments = [sys.executable, "-P", "-c", COMMANDS, json.dumps(words), json.dumps(absent)]
    ended = subprocess.run(
        arguments, cwd=cwd, env=os.environ | unset | environment, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    return [(code, told) for code, told in json.loads(ended.stdout)]


def test_the_wheel_holds_every_file_of_the_package_and_every_notebook(wheel: Path) -> None:
    package = {
        path.relative_to(ROOT)
        for path in (ROOT / "leverkit").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    pages = {Path("leverkit/notebook/pages") / path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    held = {path.relative_to(wheel) for path in wheel.rglob("*.*") if "dist-info" not in str(path)}
    assert held == package | pages


def test_an_account_is_read_and_audited_with_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text('requests.get("https://api.lever.co/v1/candidates/1")')
    words = ("pull -o snapshot --rate 1000", "audit snapshot --html audit.html", "scan x.py", "doctor")
    with running(contacts=30, rate=None) as account:
        here = {"LEVER_API_KEY": account.api_key, "LEVER_BASE_URL": account.base_url}
        ended = commands(wheel, tmp_path, *words, **here)
    assert [code for code, _ in ended] == [0, 0, 0, 0], ended
    assert (tmp_path / "audit.html").stat().st_size > 100_000, "with its charts"
    assert "leverkit[scan]" in ended[2][1]


def test_what_needs_an_extra_ends_with_64_and_names_it(wheel: Path, tmp_path: Path) -> None:
    needs = {
        "run x.ipynb -o out": "leverkit[notebooks]",
        "demo -o out": "leverkit[notebooks,emulator]",
        "emulator": "leverkit[emulator]",
        "doctor --demo": "leverkit[emulator]",
        "listen --policy policy.csv": "leverkit[listen]",
    }
    ended = commands(wheel, tmp_path, *needs)
    assert [code for code, _ in ended] == [64] * len(needs), ended
    for (_, told), extra in zip(ended, needs.values(), strict=True):
        assert f"pip install '{extra}'" in told
    assert not (tmp_path / "out").exists()


def test_the_notebooks_are_copied_from_the_wheel_and_from_a_checkout(wheel: Path, tmp_path: Path) -> None:
    pages = {path.name: path.read_bytes() for path in (ROOT / "notebooks").glob("*.ipynb")}
    for place, folder in ((wheel, tmp_path / "of wheel"), (ROOT, tmp_path / "of checkout")):
        folder.mkdir()
        assert commands(place, folder, "notebooks new", "notebooks new")[-1][0] == 0
        assert {path.name: path.read_bytes() for path in (folder / "new").iterdir()} == pages
    (tmp_path / "of wheel" / "new" / "10_audit.ipynb").write_text("mine")
    ((code, told),) = commands(wheel, tmp_path / "of wheel", "notebooks new")
    assert (code, "10_audit.ipynb" in told) == (64, True)
