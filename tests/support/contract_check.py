"""Contract checks of emulated accounts, and the position of each switch that a check has to find."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from leverkit.api.rate_limit import Pace
from leverkit.doctor.contract.check import read_probes
from leverkit.doctor.contract.log import ExchangeLog
from leverkit.doctor.contract.outcome import Outcome
from leverkit.doctor.contract.reader import ContractReader
from leverkit.doctor.contract.writing.session import Target, write_probes
from leverkit.doctor.contract.writing.writer import ProbeWriter
from leverkit.emulator import Running
from leverkit.emulator.account.account import Account
from leverkit.emulator.account.changes import derived_tags

MARKER = "00-leverkit-check-test"
# Each switch that the read probes ask for, and positions that are not the default.
READ_FLIPS: tuple[dict[str, Any], ...] = (
    {"updated_filter_nulls": "kept"},
    {"range_ends": "start"},
    {"range_ends": "end"},
    {"contact_ids": "first"},
    {"contact_ids": "last"},
    {"max_contact_ids": 20},
    {"tag_counts": "active"},
    {"tag_counts": "non-confidential"},
    {"listing_order": "newest"},
    {"comma_values": True},
    {"bracket_values": True},
    {"bad_limit": "clamp"},
    {"offset_forms": "encoded"},
    {"offset_bound": "filter"},
    {"range_order": "own"},
    {"updated_null_share": 0.0},
    {"deleted_status": 410},
    {"unknown_parameters": 400},
    {"extra_fields": True},
    {"plain_seed": True},
    {"candidates": False},
)
WRITE_FLIPS: tuple[dict[str, Any], ...] = (
    {"perform_as": "required"},
    {"perform_as_in_body": True},
    {"unknown_perform_as": "ignore"},
    {"unknown_perform_as": 403},
    {"unknown_perform_as": 404},
    {"blank_contact_fields": False},
    {"repeated_add_bumps": True},
    {"absent_tag": "error"},
    {"posting_tag_removal": "ignored"},
    {"posting_tag_removal": "comes back"},
    {"tag_normalisation": "trim"},
    {"tag_normalisation": "fold"},
    {"tag_normalisation": "nfc"},
    {"max_tag_length": 100},
    {"max_tag_length": 100, "over_limit": "truncate"},
    {"max_tags_per_call": 17},
    {"max_tags_per_call": 17, "over_limit": "truncate"},
    {"max_tags": 33},
    {"empty_tags": "error"},
    {"empty_tag": "ignore"},
    {"repeated_tag": "error"},
    {"archiving_drops_posting_tags": True},
    {"stale_single_ms": 600.0},
    {"stale_list_ms": 600.0},
    {"stale_tag_filter_ms": 600.0},
    {"stale_counts_ms": 600.0},
)
THROTTLE_FLIPS: tuple[dict[str, Any], ...] = ({"throttle_code": "RateLimited"}, {"retry_after": 2.0})


def parts(account: Running, *, key: str = "", user: str | None = None) -> dict[str, Any]:
    """Return what a client of a check is made of, without a wait between requests."""
    given = {"base_url": account.base_url, "key": key or account.api_key, "perform_as": user}
    return {**given, "pace": Pace(100_000, 100_000), "sleep": lambda seconds: None}


def asked(account: Running, **given: Any) -> list[Outcome]:
    """Return what the read probes find out about an account."""
    with ContractReader(ExchangeLog(), **parts(account, **given)) as reader:
        return read_probes(reader)


def written(account: Running, folder: Path, opportunity: str | None, **given: Any) -> list[Outcome]:
    """Return what the write probes find out with an opportunity, or with one that they create."""
    with ProbeWriter(ExchangeLog(250), **{**parts(account, user=some_user(account)), **given}) as writer:
        return write_probes(writer, Target(opportunity, folder, MARKER))


def refuted(outcomes: list[Outcome]) -> dict[str, Any]:
    """Return the switches of what is refuted; each refuted assumption has to name one."""
    found = [outcome for outcome in outcomes if outcome.verdict == "refuted"]
    assert [outcome for outcome in found if not outcome.switches] == []
    return {name: value for outcome in found for name, value in outcome.switches.items()}


def some_user(account: Running) -> str:
    """Return an active user."""

    def first(held: Account) -> str:
        return next(user for user, value in held.users.items() if not value.get("deactivatedAt"))

    found: str = account.do(first)
    return found


def taggable(account: Running) -> str:
    """Return an active opportunity of a posting whose tags it has, of a contact with data and siblings."""
    found: str = account.do(_fit)
    return found


def _fit(held: Account) -> str:
    fit = [
        row
        for row in held.rows.values()
        if row.archived is None
        and not row.confidential
        and not row.anonymized
        and set(derived_tags(held.postings.get(row.posting or ""))) & set(row.tags)
        and row.object()["emails"]
    ]
    return max(fit, key=lambda row: (len(held.by_contact[row.contact]) > 1, row.id)).id


def with_deleted(account: Running) -> None:
    """Delete an opportunity that no probe needs."""
    account.delete(account.create(name="deleted"))
