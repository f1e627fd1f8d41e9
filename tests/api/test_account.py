"""What an account is recognised by, and what is only doubtful."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.account_ids import add_reason, remove_reasons, replace_reasons
from support.plan_factory import account, opened

from leverkit.api.account import AccountLabel, Agreement
from leverkit.emulator import Running
from leverkit.errors import AccessDenied, Refused
from leverkit.storage.account_registry import KnownAccount, keep_account, read_accounts


@pytest.mark.parametrize(
    ("kinds", "same", "doubtful"),
    [
        ({"reason": (7, 7)}, True, False),
        ({"reason": (4, 7)}, True, False),
        ({"reason": (3, 7)}, False, True),
        ({"reason": (3, 7), "stage": (6, 6)}, True, False),
        ({"reason": (0, 7), "stage": (6, 6), "user": (9, 9)}, False, True),
        ({"reason": (1, 7), "stage": (0, 6)}, False, True),
        ({"reason": (0, 7), "stage": (0, 6)}, False, False),
        ({"reason": (0, 7)}, False, True),
        ({}, False, True),
    ],
)
def test_most_ids_must_agree_and_some_of_each_kind(
    kinds: dict[str, tuple[int, int]], same: bool, doubtful: bool
) -> None:
    found = Agreement(kinds)
    assert (found.is_same, found.is_doubtful) == (same, doubtful)


def test_stages_that_every_account_has_identify_none() -> None:
    with account() as (_, lever):
        assert {each.partition(":")[2].count("-") for each in lever.account.ids("stage")} == {4}


def test_an_account_with_few_reasons_is_known_by_stages_too_and_by_its_host_where_it_has_no_ids() -> None:
    def kinds(emulated: Running) -> set[str]:
        with opened(emulated) as lever:
            return {each.partition(":")[0] for each in lever.account.ids()}

    with account() as (emulated, _):
        assert kinds(emulated) == {"reason"}
        emulated.do(lambda state: state.archive_reasons.__delitem__(slice(2, None)))
        assert kinds(emulated) == {"reason", "stage"}
        remove_reasons(emulated)
        assert kinds(emulated) == {"stage"}
        emulated.do(lambda state: (state.stages.clear(), state.users.clear()))
        assert kinds(emulated) == {"host"}
        with opened(emulated) as lever:
            lever.account.require_same("0" * 12, lever.account.ids(), lever.host, what="", else_="")


def test_a_key_that_may_not_read_stages_and_users_is_recognised_by_reasons_alone() -> None:
    with account() as (emulated, _):
        remove_reasons(emulated)
        scopes = ["archive_reasons:read:admin", "opportunities:read:admin"]
        with opened(emulated, key=emulated.key(scopes=scopes)) as lever:
            assert lever.account.ids() == ("host:127.0.0.1",)
        with opened(emulated, key=emulated.key(scopes=scopes[1:])) as lever, pytest.raises(AccessDenied):
            lever.account.ids()


def test_a_copy_at_another_host_has_an_id_of_its_own_in_the_workspace(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        keep_account(tmp_path, KnownAccount(id=lever.account.id, host="api.lever.co"))
        with labelled(emulated, tmp_path) as here:
            here.account.remember()
            assert here.account.id != lever.account.id
            assert {known.host for known in read_accounts(tmp_path)} == {"api.lever.co", "127.0.0.1"}


def test_the_workspace_follows_an_account_whose_reasons_are_replaced_bit_by_bit(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        for _ in range(12):
            with labelled(emulated, tmp_path) as here:
                here.account.remember()
                assert here.account.id == lever.account.id
            add_reason(emulated)
            emulated.do(lambda state: state.archive_reasons.pop(0))
        with pytest.raises(Refused, match="0 of 7 archive reasons agree"), opened(emulated) as stranger:
            stranger.account.require_same(
                lever.account.id, lever.account.ids(), lever.host, what="it", else_="do not"
            )
        with labelled(emulated, tmp_path) as here:
            here.account.require_same(
                lever.account.id, lever.account.ids(), lever.host, what="it", else_="do not"
            )


def test_a_doubtful_account_is_not_noted_as_a_new_one(tmp_path: Path) -> None:
    with account() as (emulated, _):
        for change in (lambda _: None, replace_reasons):
            change(emulated)
            with labelled(emulated, tmp_path) as here:
                here.account.ids("stage")
                here.account.remember()
        assert len(read_accounts(tmp_path)) == 1


def labelled(emulated: Running, workspace: Path) -> Any:
    return opened(emulated, label=AccountLabel(workspace=workspace))
