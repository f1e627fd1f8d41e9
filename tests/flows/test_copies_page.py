"""docs/copies.md: its commands run as they stand, and its tables name every shape and lack."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from support import copies
from support.clients import reader
from support.commands import run_command
from support.copies import Account

from leverkit.emulator import Running
from leverkit.snapshot.snapshot import Snapshot
from leverkit.snapshot.warehouse.address import SCHEMES
from leverkit.snapshot.warehouse.statements import SAME, SHAPES

PAGE = (Path(__file__).parents[2] / "docs" / "copies.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def test_the_commands_run_in_their_order(
    lever_account: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with reader(lever_account) as lever:
        copies.write_duckdb(Path("copy.duckdb"), copies.fivetran(Account.read(lever)))
    for name in ("LEVER_API_KEY", "LEVER_BASE_URL"):
        monkeypatch.delenv(name)
    for line in "".join(BLOCK.findall(PAGE)).splitlines():
        program, *words = shlex.split(line)
        if program == "leverkit":
            assert run_command(words, capfd).code == 0, line
        else:
            assert Path(words[0]).read_text(), line
    assert f"```text\n{Snapshot.open('copy').caveat}\n```" in PAGE


def test_the_tables_name_every_shape_and_every_kind_of_address() -> None:
    assert [name for name in (*SHAPES, *SAME) if f"`{name}`" not in PAGE] == []
    assert [name for name in SCHEMES if name != "postgres" and f"`{name}://" not in PAGE] == []
