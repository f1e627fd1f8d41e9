"""The check-up: what is well, what is worth knowing, what is wrong, and that it only reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from leverkit.api.auth import Secret
from leverkit.api.models import User
from leverkit.doctor import Check, Checkup, examine
from leverkit.emulator import Running, running
from leverkit.settings import Settings, connect


def settings(account: Running, key: str, home: Path) -> Settings:
    return Settings(base_url=account.base_url, key=Secret(key), home=home)


def found(checkup: Checkup) -> dict[str, Check]:
    return {check.what: check for check in checkup.checks}


def test_a_good_setting_is_well_and_only_reads(lever_account: Running) -> None:
    checkup = examine()
    assert (checkup.exit_code, checkup.verdict) == (0, "everything is ready; next: leverkit pull -o snapshot")
    assert {entry["method"] for entry in lever_account.log()} == {"GET"}
    assert found(checkup)["write tags"].ok is None


def test_no_name_of_a_candidate_leaves_lever_for_a_check(lever_account: Running) -> None:
    examine()
    lists = [entry for entry in lever_account.log() if entry["path"].endswith("/opportunities")]
    assert lists
    assert all("include=id" in str(entry) or "'include': ['id']" in str(entry) for entry in lists)


def test_who_can_read_the_files_is_told(lever_account: Running, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    check = found(examine(settings(lever_account, lever_account.api_key, tmp_path)))["files"]
    assert (check.ok, "chmod -R go=" in check.found) == (None, True)
    tmp_path.chmod(0o700)
    check = found(examine(settings(lever_account, lever_account.api_key, tmp_path)))["files"]
    assert check.ok
    assert "data: only you" in check.found
    assert "reports (--html)" in check.found


@pytest.mark.parametrize("cache", ["a file", "/proc/nowhere"])
def test_a_lock_that_apply_could_not_take_is_trouble_and_says_what_to_set(
    lever_account: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: str
) -> None:
    assert found(examine())["account's lock"].ok
    (tmp_path / "a file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / cache))
    checkup = examine()
    assert checkup.exit_code == 64
    assert "XDG_CACHE_HOME may name another" in found(checkup)["account's lock"].found


def test_the_key_is_mentioned_but_never_shown(lever_account: Running) -> None:
    shown = repr(examine().frame.to_dict()) + examine()._repr_html_()
    assert lever_account.api_key not in shown
    assert found(examine())["key"].found == "set, sent as basic; LEVER_PERFORM_AS is not set"


def test_who_has_set_no_user_learns_that_an_account_may_require_one(lever_account: Running) -> None:
    check = found(examine())["act as"]
    assert (check.ok, "set LEVER_PERFORM_AS to a user's id or e-mail" in check.found) == (None, True)


def test_a_wrong_key_is_access_denied_in_one_line(lever_account: Running, tmp_path: Path) -> None:
    checkup = examine(settings(lever_account, "wrong", tmp_path))
    assert checkup.exit_code == 12
    assert checkup.verdict == "to fix: account; then run leverkit doctor again"
    assert "401" in found(checkup)["account"].found
    assert "read tags" not in found(checkup)


def test_an_account_that_does_not_answer_is_an_error(tmp_path: Path) -> None:
    nowhere = Settings(base_url="http://127.0.0.1:9/v1", key=Secret("any"), home=tmp_path)
    assert examine(nowhere).exit_code == 1


def test_a_key_without_the_confidential_grant_is_a_note(tmp_path: Path) -> None:
    with running(contacts=30, seed=2, rate=None) as account:
        checkup = examine(settings(account, account.restricted_key, tmp_path))
    assert checkup.exit_code == 0
    assert "not granted" in found(checkup)["read confidential ones"].found


def test_a_workspace_that_cannot_be_written_is_trouble(lever_account: Running, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    checkup = examine(settings(lever_account, lever_account.api_key, tmp_path / "file" / "below"))
    assert (found(checkup)["workspace"].ok, checkup.exit_code) == (False, 64)


@pytest.mark.parametrize("user", ["nobody@example.test", "no-such-user"])
def test_a_user_to_act_as_who_is_not_there_is_trouble_before_anything_is_written(
    lever_account: Running, tmp_path: Path, user: str
) -> None:
    checkup = examine(replace(settings(lever_account, lever_account.api_key, tmp_path), perform_as=user))
    assert (found(checkup)["act as"].ok, checkup.exit_code) == (False, 64)


def test_a_user_to_act_as_is_found_by_id_and_by_e_mail(lever_account: Running, tmp_path: Path) -> None:
    known = settings(lever_account, lever_account.api_key, tmp_path)
    with connect(settings=known, rate=1000) as lever:
        user = lever.page("/users", type=User).items[0]
    for name in (user.id, str(user.email)):
        assert found(examine(replace(known, perform_as=name)))["act as"].ok
