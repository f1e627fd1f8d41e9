"""Parameters: what their cell declares, what hosts hand over, and what is refused before anything happens."""

from __future__ import annotations

from typing import Any

import pytest

from leverkit.errors import UsageError
from leverkit.notebook.parameters import Declared, declared, parameters

CELL = """
mode: str = "plan"  # plan, apply or verify
approve: str = ""
dry_run: bool = True
limit: int = 10  # operations
rate: float = 9.8
"""


def kernel(injected: str = "") -> dict[str, Any]:
    """Give the namespace of a kernel in which the parameters cell, and then another, have run."""
    namespace: dict[str, Any] = {"In": ["", "x"], "Out": {}, "_ih": [], "exit": exit}
    exec(CELL, namespace)
    exec(injected, namespace)
    return namespace


def test_defaults_come_back_as_they_are_written() -> None:
    assert dict(parameters(kernel())) == {
        "mode": "plan",
        "approve": "",
        "dry_run": True,
        "limit": 10,
        "rate": 9.8,
    }


def test_a_parameter_is_read_by_attribute() -> None:
    checked = parameters(kernel("mode = 'verify'"))
    assert checked.mode == "verify"
    with pytest.raises(AttributeError, match="no parameter 'mod'"):
        _ = checked.mod


@pytest.mark.parametrize(
    ("injected", "refusal"),
    [
        ("dry_rnu = False", "unknown parameter dry_rnu; did you mean 'dry_run'?"),
        ("Mode = 'apply'", "unknown parameter Mode; did you mean 'mode'?"),
        ("zzz = 1", "unknown parameter zzz. This notebook takes mode, approve, dry_run, limit, rate"),
        ("api_key = 'x'", "api_key: a key is never a parameter"),
        ("ACCESS_TOKEN = None", "a key is never a parameter"),
        ("approve = 7", "approve must be text, and was given as the value 7, perhaps without digits"),
        ("mode = None", "mode must be text, not null: to keep the default, leave it out"),
        ("limit = '007'", "limit must be a whole number, not '007'"),
        ("limit = 7.0", "limit must be a whole number, not 7.0"),
        ("limit = True", "limit must be a whole number, not True"),
        ("limit = ' 7'", "limit must be a whole number"),
        ("rate = 'nan'", "rate must be a number, not 'nan'"),
        ("rate = float('inf')", "rate must be a number, not inf"),
        ("rate = True", "rate must be a number, not True"),
        ("dry_run = 0", "dry_run must be true or false, not 0"),
        ("dry_run = 'no'", "dry_run must be true or false, not 'no'"),
        ("del mode", "mode must be text, not null"),
    ],
)
def test_what_is_misspelled_or_mistyped_is_refused(injected: str, refusal: str) -> None:
    with pytest.raises(UsageError) as raised:
        parameters(kernel(injected))
    assert refusal in str(raised.value)


@pytest.mark.parametrize(
    ("injected", "name", "value"),
    [
        ("dry_run = 'False'", "dry_run", False),
        ("dry_run = 'true'", "dry_run", True),
        ("limit = '-7'", "limit", -7),
        ("rate = 5", "rate", 5.0),
        ("rate = '0.25'", "rate", 0.25),
    ],
)
def test_text_from_schedulers_is_read_where_nothing_is_lost(injected: str, name: str, value: object) -> None:
    found = parameters(kernel(injected))[name]
    assert (found, type(found)) == (value, type(value))


def test_modules_and_functions_in_a_kernel_are_no_parameters() -> None:
    assert parameters(kernel("import math as lk\ndef helper(): pass")).mode == "plan"


def test_a_second_call_overlooks_the_names_that_the_notebook_made() -> None:
    namespace = kernel()
    parameters(namespace)
    exec("findings = [1, 2]", namespace)
    assert parameters(namespace).mode == "plan"


def test_a_second_call_still_checks_the_values() -> None:
    namespace = kernel()
    parameters(namespace)
    exec("limit = 'many'", namespace)
    with pytest.raises(UsageError, match="limit must be a whole number"):
        parameters(namespace)


def test_what_is_shown_of_parameters_is_escaped() -> None:
    shown = parameters(kernel("mode = '<img src=x>'"))._repr_html_()
    assert "<img" not in shown
    assert "&lt;img src=x&gt;" in shown


def test_a_cell_is_read_without_running_it() -> None:
    found = declared(CELL)
    assert found["mode"] == Declared("mode", str, "plan", "plan, apply or verify")
    assert found["limit"] == Declared("limit", int, 10, "operations")
    assert list(found) == ["mode", "approve", "dry_run", "limit", "rate"]


@pytest.mark.parametrize(
    ("cell", "refusal"),
    [
        ("mode = 'plan'", "holds more than"),
        ("import os", "holds more than"),
        ("mode: str = os.environ['X']", "a plain value"),
        ("mode: list = []", "declared as str, int, float or bool, not as list"),
        ("mode: str", "mode must be text"),
        ("limit: int = 'x'", "limit must be a whole number"),
        ("mode: str = ", "not Python"),
    ],
)
def test_a_cell_that_says_more_or_less_than_types_and_defaults_is_refused(cell: str, refusal: str) -> None:
    with pytest.raises(UsageError, match=refusal):
        declared(cell)
