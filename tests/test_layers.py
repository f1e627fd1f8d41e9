"""The rooms of leverkit and who may enter which: the imports, compared with the table in the front door."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import leverkit

PACKAGE = Path(leverkit.__file__).parent
ROW = re.compile(r"^    (\d+)  (?:(\w+) +-> )?(.+(?:\n {12,}.+)*)$", re.MULTILINE)
EVERYTHING = {"everything"}
HEAVY = {
    "pandas",
    "duckdb",
    "numpy",
    "matplotlib",
    "papermill",
    "ipywidgets",
    "nbconvert",
    "starlette",
    "uvicorn",
}


def table() -> dict[str, tuple[int, set[str]]]:
    """Read the docstring of the front door: room -> (level, rooms it may import)."""
    rooms: dict[str, tuple[int, set[str]]] = {}
    for level, room, rest in ROW.findall(leverkit.__doc__ or ""):
        names = set(re.findall(r"\w+", rest))
        rooms |= {room: (int(level), names)} if room else {name: (int(level), set()) for name in names}
    return rooms


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def modules(node: ast.AST) -> list[str]:
    """Name what a node imports; blocks for the type checker alone do not count."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return []
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module == "leverkit":
        return [f"leverkit.{alias.name}" for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or "."]
    return [name for child in ast.iter_child_nodes(node) for name in modules(child)]


def imports() -> dict[str, set[str]]:
    """Read every module: room -> rooms of ours that it imports."""
    found: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        room = room_of(path)
        names = [name.split(".") for name in modules(ast.parse(path.read_text(encoding="utf-8")))]
        ours = {".".join(name[1:2]) for name in names if name[0] == "leverkit"}
        found.setdefault(room, set()).update(ours - {room})
    return found


def top_level(path: Path) -> set[str]:
    """Name the packages that a module loads when it is imported."""
    nodes = [
        node
        for node in ast.parse(path.read_text()).body
        if not isinstance(node, ast.FunctionDef | ast.ClassDef)
    ]
    return {name.split(".")[0] for node in nodes for name in modules(node)}


def test_every_room_imports_just_what_the_table_says() -> None:
    said = {room: names for room, (_, names) in table().items() if names != EVERYTHING}
    assert {room: names for room, names in imports().items() if room in said} == said
    assert imports().keys() == table().keys() | {"__init__"}


def test_imports_point_down() -> None:
    rooms = {room: row for room, row in table().items() if row[1] != EVERYTHING}
    upwards = [
        (room, name) for room, (level, names) in rooms.items() for name in names if table()[name][0] >= level
    ]
    assert upwards == []


def test_only_commands_import_everything_and_nobody_imports_them() -> None:
    commands = {room for room, (_, names) in table().items() if names == EVERYTHING}
    assert all(room in ("__main__", "cli") or room.startswith("commands") for room in commands)
    users = {room for room, names in imports().items() if names & commands}
    assert users <= commands


def test_nobody_enters_by_the_front_door() -> None:
    assert {room for room, names in imports().items() if "" in names} == set()


def test_the_emulator_knows_nothing_of_ours() -> None:
    assert imports()["emulator"] == set()


def test_heavy_packages_are_loaded_at_the_top_only_where_they_are_the_point() -> None:
    places = {
        room_of(path): top_level(path) & HEAVY
        for path in PACKAGE.rglob("*.py")
        if "emulator" not in path.parts
    }
    assert {room: names for room, names in places.items() if names} in ({}, {"widgets": {"ipywidgets"}})


def test_duckdb_has_one_door() -> None:
    users = {
        room_of(path) for path in PACKAGE.rglob("*.py") if "duckdb" in modules(ast.parse(path.read_text()))
    }
    assert users == {"snapshot"}


def test_the_front_door_loads_nothing_heavy() -> None:
    code = "import sys, leverkit; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "leverkit" in loaded
    assert HEAVY & set(loaded) == set()


@pytest.mark.parametrize("name", leverkit.__all__)
def test_the_front_door_has_what_it_lists(name: str) -> None:
    assert getattr(leverkit, name) is not None
    assert not isinstance(getattr(leverkit, name), type(sys)), "a module hides the function of its name"
