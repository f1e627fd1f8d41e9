"""What an account does otherwise is found, and nothing else; the emulator then answers as the account did."""

from __future__ import annotations

import contextlib
import json
import runpy
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from support.contract_check import MARKER, parts, some_user, taggable, with_deleted

from leverkit.doctor.contract.contract import examine_contract
from leverkit.doctor.contract.log import ExchangeLog
from leverkit.doctor.contract.replay import differences, may_see_confidential, recorded
from leverkit.doctor.contract.writing.session import Target, write_probes
from leverkit.doctor.contract.writing.writer import ProbeWriter
from leverkit.emulator import Running, running

OTHERWISE: dict[str, Any] = {
    "updated_filter_nulls": "kept",
    "contact_ids": "last",
    "tag_counts": "active",
    "extra_fields": True,
    "candidates": False,
    "repeated_add_bumps": True,
    "posting_tag_removal": "comes back",
    "max_tag_length": 100,
    "range_ends": "end",
    "listing_order": "newest",
    "bad_limit": "clamp",
    "offset_forms": "encoded",
    "comma_values": True,
    "deleted_status": 410,
    "absent_tag": "error",
    "tag_normalisation": "nfc",
    "max_tags": 33,
    "perform_as": "required",
}


def check(account: Running, folder: Path, opportunity: str | None) -> dict[str, Any]:
    """Carry out a contract check with write probes and return the configuration that it found."""
    with ProbeWriter(ExchangeLog(260), **parts(account, user=some_user(account))) as writer:
        target = Target(opportunity, folder, MARKER)
        return examine_contract(writer, folder, writes=lambda: write_probes(writer, target)).switches


def replayed(folder: Path, methods: str = "GET POST PUT", **switches: Any) -> list[list[str]]:
    exchanges = [each for each in recorded(folder) if each.method in methods]
    with running(load=folder / "account", **{**switches, "rate": None}) as account:
        key = account.api_key if may_see_confidential(exchanges) else account.restricted_key
        with httpx.Client(base_url=account.base_url, auth=(key, ""), verify=False) as client:
            answers = [
                client.request(each.method, each.path.lstrip("/"), params=each.params, json=each.body)
                for each in exchanges
            ]
    told = [
        differences(each, got.status_code, got.json()) for each, got in zip(exchanges, answers, strict=True)
    ]
    return [found for found in told if found]


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a check of an account that does many things otherwise."""
    folder = tmp_path_factory.mktemp("contract")
    with running(contacts=60, rate=None, **OTHERWISE) as account:
        with_deleted(account)
        before = account.state()
        assert check(account, folder, taggable(account)) == OTHERWISE
        assert account.state() == before
    return folder


def test_an_emulator_with_the_configuration_answers_as_the_account_did(checked: Path) -> None:
    assert json.loads((checked / "contract.json").read_text()) == OTHERWISE
    assert len(recorded(checked / "recordings")) > 100
    assert replayed(checked / "recordings", **OTHERWISE) == []


@pytest.mark.parametrize("switch", ["range_ends"])
def test_an_emulator_with_another_configuration_does_not(checked: Path, switch: str) -> None:
    others = {name: value for name, value in OTHERWISE.items() if name != switch}
    assert replayed(checked / "recordings", "GET", **others)


def test_the_module_that_is_written_replays_every_exchange(checked: Path) -> None:
    names = runpy.run_path(str(checked / "recordings" / "test_replay.py"))
    exchanges, test = names["EXCHANGES"], names["test_the_emulator_answers_as_the_account_did"]
    assert len(exchanges) == len(recorded(checked / "recordings"))
    with contextlib.closing(names["lever"].__wrapped__()) as lever:
        client = next(lever)
        for exchange in exchanges[:20]:
            test(client, exchange)
        with pytest.raises(AssertionError):
            test(client, msgspec.structs.replace(exchanges[0], status=418))
