"""200 accounts, emulated 20 at a time: three of them fail, each alone and with its own code.

Prints what it cost: `make soak` shows it. At SCALE=0.1 it is 20 accounts.
"""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.commands import run_command
from support.many_accounts import variable
from support.personal_data import forms_of
from support.scale import scaled

from leverkit.emulator import Running, running

NUMBER, WAVE = max(20, scaled(200)), 20
CONTACTS = 1_130  # which have 2,000 opportunities
REFUSED, SILENT, SWAPPED = "customer-003", "customer-007", "customer-013"
CODES = {REFUSED: 12, SILENT: 1, SWAPPED: 4}


def name_of(number: int) -> str:
    return f"customer-{number:03}"


class Costs:
    """Seconds and processor seconds of steps, children included, and the largest child."""

    def __init__(self) -> None:
        self.wall: dict[str, float] = {}
        self.processor: dict[str, float] = {}

    def add(self, step: str, wall: float, processor: float) -> None:
        self.wall[step] = self.wall.get(step, 0.0) + wall
        self.processor[step] = self.processor.get(step, 0.0) + processor

    def show(self) -> None:
        for step, wall in self.wall.items():
            print(f"{step:<10} {wall:7.0f} s, {self.processor[step]:7.0f} s of processor time")
        largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"{NUMBER} accounts; the largest command took {largest:.0f} MB")


def processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def waves() -> Iterator[list[int]]:
    numbers = list(range(1, NUMBER + 1))
    yield from (numbers[at : at + WAVE] for at in range(0, NUMBER, WAVE))


def serve(stack: ExitStack, number: int) -> Running:
    account = stack.enter_context(running(contacts=CONTACTS, seed=number, rate=None, story=True))
    if name_of(number) == SILENT:
        account.fault("status", status=503, times=None)
    return account


def write_file(labels: dict[str, str], urls: dict[str, str]) -> None:
    swapped = {SWAPPED: 'account = "0123456789ab"\n'}
    tables = [
        f'[{name}]\nkey_env = "{variable(name.replace("-", "_"))}"\nbase_url = "{urls[name]}"\n'
        f'labels = ["{labels[name]}"]\n{swapped.get(name, "")}'
        for name in urls
    ]
    Path("accounts.toml").write_text("\n".join(tables), encoding="utf-8")


@pytest.mark.soak
def test_of_many_accounts_three_fail_alone_and_everything_else_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEVERKIT_WORKSPACE", str(tmp_path / "workspace"))
    costs, keys, found = Costs(), list[bytes](), dict[str, dict[str, int]]()
    labels: dict[str, str] = {}
    urls: dict[str, str] = {}

    def for_wave(step: str, wave: int, *words: str) -> None:
        began, used = time.monotonic(), processor_time()
        select = ("accounts", "run", "--json", "--label", f"wave-{wave}", "--logs", "logs")
        ended = run_command((*select, "--", *words), capfd)
        costs.add(step, time.monotonic() - began, processor_time() - used)
        codes = {each["account"]: each["exit_code"] for each in json.loads(ended.out)["accounts"]}
        found.setdefault(step, {}).update(codes)

    for wave, numbers in enumerate(waves()):
        with ExitStack() as stack:
            for number in numbers:
                account, name = serve(stack, number), name_of(number)
                key = "a-key-that-was-revoked" if name == REFUSED else account.api_key
                monkeypatch.setenv(variable(name.replace("-", "_")), key)
                keys += forms_of(account.api_key)
                labels[name], urls[name] = f"wave-{wave}", account.base_url
            write_file(labels, urls)
            for_wave("pull", wave, "pull", "-o", "{snapshot}")
        for_wave("audit", wave, "audit", "{snapshot}")

    assert {name: code for name, code in found["pull"].items() if code} == CODES
    assert {name for name, code in found["audit"].items() if code} == set(CODES)
    assert len(found["audit"]) == NUMBER
    began, used = time.monotonic(), time.process_time()
    page = json.loads(run_command(("overview", "--all", "--json"), capfd).out)
    costs.add("overview", time.monotonic() - began, time.process_time() - used)
    assert {row["account"]: row["last_command_code"] for row in page["accounts"][:3]} == CODES
    assert {row["account"] for row in page["accounts"] if row["gaps"] is not None} == set(labels) - set(CODES)
    texts = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not [key for key in keys if any(key in text for text in texts)]
    print(f"{sum(row['opportunities'] or 0 for row in page['accounts']):,} opportunities")
    costs.show()
