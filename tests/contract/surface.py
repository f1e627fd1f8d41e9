"""What leverkit looks like from outside without running it: Python names, commands, exit codes, notebooks.

Each function returns plain JSON values, which `record.py` writes and the tests compare. No import here names
a module that is not public, so that moves inside the package change nothing.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import typer

import leverkit as lk
from leverkit import errors
from leverkit.cli.app import app

HERE = Path(__file__).parent
NOTEBOOKS = HERE.parent.parent / "notebooks"
CLICK = {"text": "str", "integer": "int", "boolean": "bool", "path": "Path", "choice": "Literal"}
BY_PATH = (
    "leverkit.doctor.examine",
    "leverkit.emulator.running",
    "leverkit.lesson.lesson",
    "leverkit.report.table",
    "leverkit.webhook.Rejected",
    "leverkit.webhook.verify",
    "leverkit.widgets.TagReview",
)
CALLED = ("leverkit.widgets.TagReview", "leverkit.webhook.Rejected")  # classes, recorded as functions
METHODS = ("Policy.suggest", "Policy.read", "Policy.write", "Plan.read", "Snapshot.open")
METHODS += tuple(f"ReadOnlyLever.{name}" for name in ("each", "frame", "get", "page", "pages", "contact"))
METHODS += ("ReadOnlyLever.with_options", "ReadOnlyLever.with_raw", "Lever.add_tags", "Lever.remove_tags")


def recorded(name: str) -> Any:
    """Return a recording by the name of its file."""
    return json.loads((HERE / name).read_text(encoding="utf-8"))


def write(name: str, value: Any) -> None:
    """Write a recording, readable and easily edited."""
    text = json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True)
    (HERE / name).write_text(text + "\n", encoding="utf-8")


def names() -> dict[str, Any]:
    """Return the public Python names, with the signature of each that is a function or made by a call."""
    found = {f"leverkit.{name}": getattr(lk, name) for name in lk.__all__}
    found |= {path: _at(path) for path in BY_PATH}
    found |= {f"leverkit.{path}": _at(f"leverkit.{path}") for path in METHODS}
    return {path: _described(path, value) for path, value in found.items()}


def commands() -> dict[str, Any]:
    """Return the commands with their options and arguments, by the words that call them."""
    tree = dict(_walk(typer.main.get_command(app), "leverkit"))
    tree["leverkit emulator"]["usage"] = _emulator_options()
    return tree


def exit_codes() -> dict[str, int]:
    """Return the exit code of each error class, by its name."""
    classes = [value for value in vars(errors).values() if isinstance(value, type)]
    return {each.__name__: each.exit_code for each in classes if issubclass(each, errors.LeverkitError)}


def notebooks() -> dict[str, Any]:
    """Return of each notebook the sha256 of every code cell, and its parameters."""
    return {path.name: _notebook(path) for path in sorted(NOTEBOOKS.glob("*.ipynb"))}


def _at(path: str) -> Any:
    """Return what a dotted path names: attributes of the longest part that is a module."""
    module, _, name = path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError:
        return getattr(_at(module), name)


def _described(path: str, value: Any) -> Any:
    """Return "class", or the parameters: those by position in their order, then those by name alone."""
    if inspect.isclass(value) and path not in CALLED:
        return "class"
    parameters = list(inspect.signature(value).parameters.values())
    named = [each for each in parameters if each.kind is inspect.Parameter.KEYWORD_ONLY]
    placed = [each for each in parameters if each not in named]
    return [_parameter(each) for each in [*placed, *sorted(named, key=lambda each: each.name)]]


def _parameter(parameter: inspect.Parameter) -> str:
    text, default = f"{parameter.name}, {parameter.kind.description}", parameter.default
    if default is inspect.Parameter.empty:
        return text
    return f"{text}, {'a function' if callable(default) else repr(default)}"


def _walk(command: Any, words: str) -> list[tuple[str, dict[str, Any]]]:
    options = [each for each in command.params if each.param_type_name == "option"]
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    found: dict[str, Any] = {
        "options": {", ".join(sorted(each.opts + each.secondary_opts)): _option(each) for each in options},
        "arguments": [{"name": each.name} | _option(each) for each in arguments],
    }
    below = getattr(command, "commands", {})
    rest = [pair for name, each in below.items() for pair in _walk(each, f"{words} {name}")]
    return [(words, found), *rest]


def _option(parameter: Any) -> dict[str, Any]:
    facts = {"type": _kind(parameter), "default": _plain(parameter.default), "required": parameter.required}
    many = parameter.nargs != 1 or getattr(parameter, "multiple", False)
    limits = {name: getattr(parameter, name, None) for name in ("min", "max")}
    facts |= {name: value for name, value in limits.items() if value is not None}
    flags = {"multiple": many, "hidden": parameter.hidden}
    return facts | {name: True for name, value in flags.items() if value}


def _kind(parameter: Any) -> str:
    """Return the type of a parameter as its annotation has it; typer before 0.29 has click's words."""
    if hasattr(parameter, "type_descriptor"):
        annotation = parameter.type_descriptor.annotation
        text = annotation.__name__ if type(annotation) is type else str(annotation)
        return re.sub(r"\b(typing|pathlib)\.", "", text)
    word = parameter.type.name.removesuffix(" range")
    return str(CLICK.get(word, word))


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def _emulator_options() -> list[str]:
    """Return the options of the emulator as its usage has them: it has a parser of its own."""
    asked = [sys.executable, "-m", "leverkit.emulator", "--help"]
    wide = os.environ | {"COLUMNS": "1000", "NO_COLOR": "1"}
    told = subprocess.run(asked, capture_output=True, text=True, check=True, env=wide).stdout
    return sorted(re.findall(r"\[(.+?)\]", told.splitlines()[0]))


def _notebook(path: Path) -> dict[str, Any]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    marked = [cell for cell in code if "parameters" in cell["metadata"].get("tags", [])]
    return {
        "cells": [hashlib.sha256("".join(cell["source"]).encode()).hexdigest() for cell in code],
        "parameters": {name: text for cell in marked for name, text in _parameters("".join(cell["source"]))},
    }


def _parameters(source: str) -> list[tuple[str, str]]:
    nodes = [node for node in ast.parse(source).body if isinstance(node, ast.AnnAssign)]
    return [
        (ast.unparse(node.target), f"{ast.unparse(node.annotation)} = {ast.unparse(node.value)}")
        for node in nodes
        if node.value
    ]
