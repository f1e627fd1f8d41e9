"""accounts.json: nothing is lost where several processes write it, and a damaged one is named."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from leverkit.errors import UsageError
from leverkit.storage.account_registry import NAME, KnownAccount, keep_account, read_accounts


def test_accounts_noted_at_once_are_all_kept_for_their_owner_alone(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    accounts = [KnownAccount(id=f"{number:012}", host="api.lever.co") for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda account: keep_account(workspace, account), accounts))
    assert sorted(known.id for known in read_accounts(workspace)) == [known.id for known in accounts]
    assert [path.stat().st_mode & 0o777 for path in (workspace, workspace / NAME)] == [0o700, 0o600]


def test_an_account_noted_again_takes_the_place_of_what_was_known(tmp_path: Path) -> None:
    for name in ("", "Acme"):
        keep_account(tmp_path, KnownAccount(id="1", host="h", name=name))
    assert read_accounts(tmp_path) == (KnownAccount(id="1", host="h", name="Acme"),)


@pytest.mark.parametrize("content", ["{", '{"accounts": 1}', "\xff"])
def test_a_damaged_registry_is_named_and_not_taken_for_an_empty_one(tmp_path: Path, content: str) -> None:
    (tmp_path / NAME).write_text(content, encoding="latin-1")
    with pytest.raises(UsageError, match=f"{NAME} cannot be read"):
        read_accounts(tmp_path)
