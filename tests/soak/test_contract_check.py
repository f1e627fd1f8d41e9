"""The contract check with each switch flipped in turn: each that is asked for is found, nothing else."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from support.contract_check import (
    READ_FLIPS,
    THROTTLE_FLIPS,
    WRITE_FLIPS,
    asked,
    parts,
    refuted,
    some_user,
    taggable,
    with_deleted,
    written,
)

from leverkit.api.rate_limit import Pace
from leverkit.doctor.contract.check import throttle_probe
from leverkit.doctor.contract.log import ExchangeLog
from leverkit.doctor.contract.questions import questions
from leverkit.doctor.contract.reader import ContractReader
from leverkit.emulator import running
from leverkit.emulator.config import PROFILES

pytestmark = pytest.mark.soak
MEASURED = (
    "updated_null_share",
    "stale_single_ms",
    "stale_list_ms",
    "stale_tag_filter_ms",
    "stale_counts_ms",
)
NOT_ASKED: tuple[dict[str, Any], ...] = (
    {"renaming_rewrites_tags": False},
    {"offset_expiry_s": 3600.0},
    {"merge_loser": "winner"},
    {"merge_filter": "winner"},
    {"merge_bumps": False},
    {"merge_sends_contact_updated": True},
    {"anonymized_write": 200},
    {"confidential_get": 404},
    {"confidential_list": "filter"},
    {"webhook_fields": "attested"},
    {"webhook_nested": True},
    {"webhook_signed": False},
    {"oauth_grace_s": 60.0},
    {"candidates_create": False},
    {"bearer_api_key": False},
    {"error_share": 0.03, "gateway_share": 0.03, "maintenance_share": 0.03, "reset_share": 0.03},
    {"latency_ms": 5.0},
)


def names(flip: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in flip.items())


def is_found(flip: dict[str, Any], found: dict[str, Any]) -> bool:
    """Return True if exactly these switches were found; what is measured, about so."""
    exact = {name: value for name, value in flip.items() if name not in MEASURED}
    return flip.keys() == found.keys() and exact == {name: found[name] for name in exact}


@pytest.mark.parametrize("contacts", [60, 400])
@pytest.mark.parametrize("flip", READ_FLIPS, ids=names)
def test_every_flip_that_is_read_is_found_and_nothing_else(flip: dict[str, Any], contacts: int) -> None:
    if flip.keys() & {"updated_null_share", "plain_seed"} and contacts < 100:
        contacts = 120  # 100 opportunities are needed to tell a share
    with running(contacts=contacts, rate=None, **flip) as account:
        with_deleted(account)
        before = account.state()
        found = refuted(asked(account))
        assert len(account.log()) <= 300
        assert account.state() == before
    assert is_found(flip, found), found


@pytest.mark.parametrize("flip", WRITE_FLIPS, ids=names)
def test_every_flip_that_is_written_for_is_found_and_nothing_else(
    flip: dict[str, Any], tmp_path: Path
) -> None:
    with running(contacts=60, rate=None, **flip) as account:
        subject, before = taggable(account), account.state()
        waiting = {"sleep": time.sleep} if "stale" in names(flip) else {}
        found = refuted(written(account, tmp_path, subject, **waiting))
        assert len(account.log()) <= 300
        assert account.state() == before
    assert is_found(flip, found), found


@pytest.mark.parametrize("flip", THROTTLE_FLIPS, ids=names)
def test_every_flip_of_a_429_is_found(flip: dict[str, Any]) -> None:
    with (
        running(contacts=30, **flip) as account,
        ContractReader(ExchangeLog(), **parts(account)) as reader,
    ):
        assert refuted(throttle_probe(reader)) == flip


@pytest.mark.parametrize("flip", NOT_ASKED, ids=names)
def test_a_flip_that_is_not_asked_for_is_not_reported(flip: dict[str, Any], tmp_path: Path) -> None:
    with running(contacts=120, rate=None, **flip) as account:
        with_deleted(account)
        found = refuted(asked(account)) | refuted(written(account, tmp_path, taggable(account)))
    assert found == {}


def test_a_contact_limit_is_found_wherever_it_is() -> None:
    for most in (1, 3, 60, 150):
        with running(contacts=60, rate=None, max_contact_ids=most) as account:
            found = refuted(asked(account))
        assert found.keys() == {"max_contact_ids"}
        assert found["max_contact_ids"] <= most


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_of_a_profile_only_its_own_switches_are_found(profile: str, tmp_path: Path) -> None:
    own = PROFILES[profile]
    given = {"pace": Pace(200, 10), "sleep": time.sleep}
    with running(contacts=120, rate=None, profile=profile) as account:
        with_deleted(account)
        subject = taggable(account)
        found = refuted(asked(account))
        found |= refuted(written(account, tmp_path, subject, perform_as=some_user(account), **given))
    assert found.keys() <= own.keys()
    how = {each.key: each.how for each in questions()}
    certain = {name for name in own if how[name] in ("read", "write") and not name.startswith("stale")}
    assert certain <= found.keys() | {"max_tags_per_call", "max_tag_length"}
    assert {name: found[name] for name in certain & found.keys()} == {
        name: own[name] for name in certain & found.keys()
    }


@pytest.mark.parametrize("seed", range(6))
def test_an_account_of_any_seed_refutes_nothing(seed: int, tmp_path: Path) -> None:
    with running(contacts=80 + 40 * seed, seed=seed, rate=None, story=seed % 2 == 1) as account:
        with_deleted(account)
        before = account.state()
        subject = taggable(account)
        assert refuted(asked(account)) | refuted(written(account, tmp_path, subject)) == {}
        assert account.state() == before
