"""The packages of leverkit and who may import whom, read from the sources: types and lazy imports count."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import leverkit

PACKAGE = Path(leverkit.__file__).parent
# From top to bottom: a package imports what is named for it, and what everybody may import.
MAY_IMPORT = {
    "cli": "everything",
    "notebook": "everything",
    "jobs": "verification migration history planning policy analysis snapshot doctor settings environment "
    "accounts api report storage",
    "webhook": "migration history planning policy settings api storage",
    "verification": "migration history planning settings api report storage",
    "migration": "history planning settings api report storage",
    "planning": "history policy snapshot api report storage",
    "history": "report storage",
    "policy": "analysis snapshot report storage",
    "analysis": "snapshot api report storage",
    "dlt_source": "snapshot extras settings api",
    "snapshot": "extras settings api report storage",
    "doctor": "extras settings environment api report storage",
    "settings": "extras credentials environment accounts api storage emulator",
    "credentials": "environment accounts api storage",
    "environment": "accounts_file accounts key_command api storage",
    "accounts_file": "accounts api storage",
    "accounts": "",
    "key_command": "api",
    "api": "storage",
    "report": "",
    "storage": "extras",
    "extras": "",
    "scanner": "",
    "emulator": "",
    "errors": "",
    "lazy_names": "",
}
EVERYBODY = {"errors", "lazy_names"}
ALONE = ("emulator", *EVERYBODY)  # they import nothing of ours, not even these
# Narrower than a package: what may be imported of it.
ONLY = {
    ("analysis", "api"): {"tags", "rate_limit"},
    ("planning", "api"): {"rate_limit", "tags"},
    ("settings", "emulator"): {"background"},
    ("verification", "migration"): {"journal", "next_step", "records", "renames", "result", "run"},
}
# Paths that notebooks import, and the entry point of `python -m leverkit`.
DOORS = {"widgets": {"notebook"}, "lesson": {"notebook"}, "__main__": {"cli"}}
ORDER = list(MAY_IMPORT)
# From bottom to top: a folder or module of the emulator imports only what is further down.
EMULATOR = (
    "response config background",
    "account",
    "generator http",
    "endpoints",
    "server",
    "running",
    "__main__ pytest_plugin",
)
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
PLACES = {
    "httpx": {"api/http.py", "api/auth.py"},
    "duckdb": {"snapshot/details.py", "snapshot/selection.py", "snapshot/snapshot.py", "snapshot/tables.py"},
    "fcntl": set(),
    "msvcrt": set(),
}
CLIENT = ("api", "api.client", "api.http")
LINES, STATEMENT_LINES, MODULES = 280, 45, 14


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def module_name(path: Path) -> str:
    """Return the dotted name of a file below leverkit; that of its package for an `__init__`."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES_OF_OURS = {module_name(path) for path in sources()}


def imported(node: ast.AST) -> Iterator[str]:
    """Yield the dotted names that an import names; of ours, those below leverkit with the module in full."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        inside = {f"{node.module}.{alias.name}" for alias in node.names}
        modules = {name for name in inside if name.removeprefix("leverkit.") in MODULES_OF_OURS}
        yield from modules or [node.module]


@cache
def imports(path: Path) -> set[str]:
    """Return everything that a module imports, at its top, in functions and for types."""
    return {name for node in ast.walk(tree(path)) for name in imported(node)}


def ours(path: Path) -> set[str]:
    """Return the modules of ours that a module imports, below leverkit; "" is the package itself."""
    found = {name for name in imports(path) if name.split(".")[0] == "leverkit"}
    return {name.removeprefix("leverkit").removeprefix(".") for name in found}


def package_of(module: str) -> str:
    return module.split(".")[0]


def allowed(package: str) -> set[str]:
    """Return the packages that a package may import, itself included."""
    if MAY_IMPORT[package] == "everything":
        return set(ORDER[ORDER.index(package) :])
    everybody = set() if package in ALONE else EVERYBODY
    return {package, *MAY_IMPORT[package].split()} | everybody


def arrows() -> Iterator[tuple[str, str]]:
    """Yield which module imports which, below leverkit; the front door is left out."""
    for path in sources():
        importer = module_name(path)
        if importer:
            yield from ((importer, target) for target in ours(path))


def test_every_package_has_its_rule() -> None:
    assert {package_of(importer) for importer, _ in arrows()} <= MAY_IMPORT.keys() | DOORS.keys()


def test_no_package_imports_what_is_not_named_for_it() -> None:
    wrong = [
        (importer, target)
        for importer, target in arrows()
        if package_of(importer) not in DOORS and package_of(target) not in allowed(package_of(importer))
    ]
    assert wrong == []


def test_what_is_named_lies_further_down_so_that_there_is_no_cycle() -> None:
    upward = [
        (package, other)
        for package in ORDER
        for other in allowed(package) - {package}
        if ORDER.index(other) < ORDER.index(package) and (package, other) != ("settings", "emulator")
    ]
    assert upward == []


def test_of_some_packages_only_a_few_modules_are_imported() -> None:
    wrong = [
        (importer, target)
        for importer, target in arrows()
        for (package, other), modules in ONLY.items()
        if package_of(importer) == package
        and package_of(target) == other
        and target.split(".")[1:2] != []
        and target.split(".")[1] not in modules
    ]
    assert wrong == []


def test_the_kept_import_paths_are_two_lines_and_lead_to_one_package() -> None:
    for name, packages in DOORS.items():
        assert {package_of(target) for target in ours(PACKAGE / f"{name}.py")} == packages


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph: dict[str, set[str]] = {}
    for importer, target in arrows():
        graph.setdefault(importer, set()).add(target)
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> list[tuple[str, ...]]:
        if module in way:
            return [(*way[way.index(module) :], module)]
        if module in done:
            return []
        found = [cycle for target in sorted(graph.get(module, ())) for cycle in visit(target, (*way, module))]
        done.add(module)
        return found

    assert [cycle for module in sorted(graph) for cycle in visit(module, ())] == []


def test_the_folders_of_the_emulator_import_one_way() -> None:
    rank = {name: number for number, names in enumerate(EMULATOR) for name in names.split()}
    inside = [
        (importer, target)
        for importer, target in arrows()
        if package_of(importer) == package_of(target) == "emulator" and "." in importer and "." in target
    ]
    parts = [(importer.split(".")[1], target.split(".")[1]) for importer, target in inside]
    wrong = [pair for pair in parts if pair[0] != pair[1] and rank[pair[0]] <= rank[pair[1]]]
    assert wrong == []


def test_nobody_imports_the_front_door() -> None:
    assert [importer for importer, target in arrows() if target == ""] == []


@pytest.mark.parametrize("path", [p for p in sources() if p.name == "__init__.py"], ids=module_name)
def test_a_package_exports_no_name_that_one_of_its_modules_bears(path: Path) -> None:
    if path.parent == PACKAGE:
        modules = {file.stem for file in PACKAGE.iterdir()} - {"__init__"}
    else:
        modules = {file.stem for file in path.parent.iterdir()} - {"__init__"}
    package = importlib.import_module(f"leverkit.{module_name(path)}".rstrip("."))
    kept = {"running"} if path.parent.name == "emulator" else set()  # `leverkit.emulator.running` is public
    assert not modules & set(getattr(package, "__all__", ())) - kept


@pytest.mark.parametrize("path", [p for p in sources() if p.name == "__init__.py"], ids=module_name)
def test_the_face_of_a_package_holds_imports_and_names_only(path: Path) -> None:
    kinds = (ast.Expr, ast.ImportFrom, ast.Assign)
    body = tree(path).body
    statements = [each for node in body for each in (node.body if isinstance(node, ast.If) else [node])]
    if path.parent != PACKAGE:
        assert all(isinstance(node, kinds) for node in statements)


@pytest.mark.parametrize("library", PLACES)
def test_some_libraries_are_imported_in_one_place(library: str) -> None:
    users = {path.relative_to(PACKAGE).as_posix() for path in sources() if library in imports(path)}
    assert {user for user in users if not user.startswith("emulator/")} <= PLACES[library]


def test_planning_knows_no_client() -> None:
    wrong = [
        (a, b) for a, b in arrows() if package_of(a) == "planning" and b in ("api", "api.client", "api.http")
    ]
    assert wrong == []


def test_the_writer_of_the_contract_check_is_reached_by_its_option_alone() -> None:
    below = "doctor.contract.writing"
    reached = {(importer, target) for importer, target in arrows() if target.startswith(below)}
    assert {importer for importer, _ in reached if not importer.startswith(below)} == {"cli.doctor"}
    assert {importer for importer, target in reached if target == f"{below}.writer"} == {f"{below}.session"}
    command = tree(PACKAGE / "cli" / "doctor.py")
    functions = [node for node in ast.walk(command) if isinstance(node, ast.FunctionDef)]
    importing = [
        node.name
        for node in functions
        if any(name.startswith(f"leverkit.{below}") for each in ast.walk(node) for name in imported(each))
    ]
    calling = [node.name for node in functions if "_written(" in ast.unparse(node.body)]
    assert (importing, calling) == (["_written"], ["doctor"])
    (call,) = [
        node
        for node in ast.walk(command)
        if isinstance(node, ast.If) and "_written(" in ast.unparse(node.body)
    ]
    assert ast.unparse(call.test) == "write_probes"


def test_importing_a_package_loads_nothing_heavy() -> None:
    """One process for all: what loads nothing heavy after others does not load it alone."""
    light = ["", *(name for name in ORDER if name not in ("cli", "emulator", *EVERYBODY)), "emulator"]
    code = f"import importlib, sys\nfor name in {light}:\n"
    code += "    importlib.import_module(f'leverkit.{name}'.rstrip('.'))\n"
    code += f"    print(name, *sorted({HEAVY!r} & set(sys.modules)))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines() == [*light[:-1], "emulator uvicorn"]


def test_modules_functions_and_folders_stay_small() -> None:
    long = [str(path) for path in sources() if path.read_text(encoding="utf-8").count("\n") > LINES]
    functions = [
        f"{path}:{node.lineno} {node.name}"
        for path in sources()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > STATEMENT_LINES
    ]
    folders = [
        str(folder)
        for folder in {path.parent for path in sources()}
        if len([path for path in folder.glob("*.py") if path.name != "__init__.py"]) > MODULES
    ]
    assert (long, functions, folders) == ([], [], [])
