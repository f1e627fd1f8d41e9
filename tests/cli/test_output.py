"""What commands print: text for people is harmless in a terminal, documents for machines are untouched."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from support.plan_factory import operation, plan_of

from leverkit.cli.output import print_json, print_message, print_plan, print_result
from leverkit.planning.canary import choose

HOSTILE = "a\x1b[31mred\u202egnp.exe\r"


def test_a_tag_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_result(f"{HOSTILE}\nsecond line")
    print_message(HOSTILE)
    printed = capsys.readouterr()
    assert printed.out == "a\\x1b[31mred\\u202egnp.exe\\r\nsecond line\n"
    assert "\x1b" not in printed.err


def test_a_machine_gets_the_same_value_with_what_steers_a_terminal_escaped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    value = {"tag": f"{HOSTILE}\x9b1m \u2066 \u2028 \U000e0041 Größe 日本 🎉"}
    print_json(json.dumps(value, ensure_ascii=False, indent=1))
    printed = capsys.readouterr().out
    assert json.loads(printed) == value
    assert not [c for c in printed if unicodedata.category(c)[0] == "C" and c != "\n"]
    assert "Größe 日本 🎉" in printed


def test_a_large_plan_is_shown_with_its_canary_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ops = [operation(n, contact=f"c{n}") for n in range(500)]
    made = plan_of(*ops, canary=choose(ops, {}))
    print_plan(made, tmp_path, as_json=False)
    printed = capsys.readouterr().err
    assert "canary (--wave canary): 50 of 500 changes, with all 2 kinds of change in the plan; if" in printed
    assert printed.endswith(f"next: leverkit apply {tmp_path} --approve {made.short} --wave canary\n")


def test_a_plan_of_one_change_says_that_it_is_of_one_kind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ops = [operation(1)]
    print_plan(plan_of(*ops, canary=choose(ops, {})), tmp_path, as_json=False)
    said = capsys.readouterr().err
    assert "1 of 1 change, with " in said
    assert "of change in the plan" in said
