"""What commands print: text for people is harmless in a terminal, documents for machines are untouched."""

from __future__ import annotations

import pytest

from leverkit.commands import machine, say, show

HOSTILE = "a\x1b[31mred\u202egnp.exe\r"


def test_a_tag_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show(f"{HOSTILE}\nsecond line")
    say(HOSTILE)
    printed = capsys.readouterr()
    assert printed.out == "a\\x1b[31mred\\u202egnp.exe\\r\nsecond line\n"
    assert "\x1b" not in printed.err


def test_a_machine_gets_the_document_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    machine(f'{{"tag": "{HOSTILE}"}}')
    assert capsys.readouterr().out == f'{{"tag": "{HOSTILE}"}}\n'
