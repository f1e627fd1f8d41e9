"""pyproject.toml, environment.yml and constraints.txt say the same, and none of them says where from."""

from __future__ import annotations

import re
import subprocess
import tomllib
from importlib.metadata import distributions, version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from leverkit.extras import MODULES

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
PYPI_NAME = {"matplotlib-base": "matplotlib", "python-duckdb": "duckdb", "python-build": "build"}
CONFIGURATION = ["pyproject.toml", "environment.yml", "constraints.txt", "Makefile", ".ci/run"]


def direct() -> dict[str, SpecifierSet]:
    return required([text for text in everything() if not text.startswith("leverkit[")])


def everything() -> list[str]:
    """Return what the package, and the extras that `dev` brings, require."""
    extras = ("notebooks", "emulator", "listen", "xlsx", "tls", "dev")
    return [*PROJECT["dependencies"], *(text for extra in extras for text in EXTRAS[extra])]


def parsers() -> dict[str, SpecifierSet]:
    return required(EXTRAS["scan"])


def required(texts: list[str]) -> dict[str, SpecifierSet]:
    found = [Requirement(text) for text in texts]
    return {canonicalize_name(r.name): r.specifier for r in found}


def conda() -> dict[str, SpecifierSet]:
    found = [Requirement(text) for text in [*CONDA["dependencies"], *conditional()] if isinstance(text, str)]
    return {PYPI_NAME.get(r.name, canonicalize_name(r.name)): r.specifier for r in found}


def conditional() -> list[str]:
    """Return the requirements that pip installs because conda knows no markers, each with its marker."""
    (pip,) = [entry["pip"] for entry in CONDA["dependencies"] if isinstance(entry, dict)]
    return [text for text in pip if not text.startswith("-e ")]


def pinned() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): number for name, number in pairs}


def test_conda_and_pip_get_the_same_packages_in_the_same_ranges() -> None:
    expected = direct() | {"python": SpecifierSet(PROJECT["requires-python"]), "pip": SpecifierSet()}
    assert conda() == expected


def test_conda_takes_no_licensed_channel_and_leaves_only_leverkit_and_its_parsers_to_pip() -> None:
    assert CONDA["channels"] == ["conda-forge", "nodefaults"]
    with_markers = [text for text in everything() if Requirement(text).marker]
    left = [entry for entry in CONDA["dependencies"] if isinstance(entry, dict)]
    assert left == [{"pip": [*with_markers, "-e .[scan]"]}]


@pytest.mark.parametrize("name", sorted(direct() | parsers()))
def test_every_direct_dependency_is_pinned_within_its_range(name: str) -> None:
    assert (direct() | parsers())[name].contains(pinned()[name])


@pytest.mark.parametrize("name", sorted(direct() | parsers()))
def test_what_is_installed_here_is_within_the_range(name: str) -> None:
    assert (direct() | parsers())[name].contains(version(name))


@pytest.mark.parametrize("extra", MODULES)
def test_an_extra_is_known_by_modules_that_only_extras_install(extra: str) -> None:
    installed = {name.replace("-", "_") for name in required(EXTRAS[extra])}
    base = {name.replace("-", "_") for name in required(PROJECT["dependencies"])}
    assert set(MODULES[extra]) <= installed
    assert not installed & base
    assert extra in ("scan", "emulator") or installed == set(MODULES[extra])


def test_what_is_pinned_can_be_installed_on_the_python_of_debian_12() -> None:
    installed = {canonicalize_name(found.name): found.metadata for found in distributions()}
    needs = {
        name: SpecifierSet(installed[name]["Requires-Python"] or "")
        for name, number in pinned().items()
        if name in installed and installed[name]["Version"] == number
    }
    assert len(needs) > 50
    assert [name for name, python in needs.items() if not python.contains("3.11.2")] == []


@pytest.mark.parametrize("name", CONFIGURATION)
def test_configuration_holds_names_and_versions_only(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"https?://|--index-url|--extra-index|--find-links|file:|git\+", text)


def test_there_is_no_lock_file_with_addresses() -> None:
    names = {
        "uv.lock",
        "poetry.lock",
        "Pipfile.lock",
        "pdm.lock",
        "conda-lock.yml",
        "pip.conf",
        "requirements.txt",
    }
    assert not [path.name for path in ROOT.iterdir() if path.name in names]


def test_continuous_integration_runs_the_test_command_of_the_readme() -> None:
    command = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-1]
    assert command == "make test"
    assert f"\n{command}\n" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_make_knows_every_target_that_is_promised() -> None:
    for target in ("demo", "test", "lab", "lint", "notebooks", "soak", "contract", "bench"):
        plan = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True)
        assert plan.returncode == 0, plan.stderr
