"""Which `.env` is read: the nearest, if nobody but its user can have written it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from leverkit.errors import UsageError
from leverkit.storage.env_file import find_env_file, read_env_file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder two levels below one with a `.env`."""
    tmp_path.chmod(0o700)
    below = tmp_path / "project" / "notebooks"
    below.mkdir(parents=True, mode=0o755)
    (tmp_path / ".env").write_text("A=1\n")
    (tmp_path / ".env").chmod(0o600)
    return below


def test_a_file_of_ones_own_above_the_folder_is_read(folder: Path) -> None:
    found = find_env_file(folder)
    assert (dict(found.values), found.refused) == ({"A": "1"}, "")


@pytest.mark.parametrize("place", ["notebooks", "project", "top", "file"])
@pytest.mark.parametrize("bits", [0o020, 0o002])
def test_a_file_that_others_could_have_written_is_named_and_not_read(
    folder: Path, place: str, bits: int
) -> None:
    top = folder.parent.parent
    path = {"notebooks": folder, "project": folder.parent, "top": top, "file": top / ".env"}[place]
    path.chmod(path.stat().st_mode | bits)
    found = find_env_file(folder)
    assert found.values == {}
    assert f"{top / '.env'} was not read: {path} can be written by others" in found.refused


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("place", ["top", "file"])
def test_a_file_of_another_user_is_named_and_not_read(folder: Path, place: str) -> None:
    top = folder.parent.parent
    os.chown(top if place == "top" else top / ".env", 4321, -1)
    found = find_env_file(folder)
    assert found.values == {}
    assert "belongs to another user" in found.refused


def test_a_refused_file_is_not_replaced_by_one_further_up(folder: Path) -> None:
    (folder / ".env").write_text("B=2\n")
    (folder / ".env").chmod(0o666)
    assert find_env_file(folder).values == {}


def test_a_fifo_does_not_hang_and_a_virtual_environment_of_that_name_is_passed_by(folder: Path) -> None:
    (folder / ".env").mkdir()
    assert dict(find_env_file(folder).values) == {"A": "1"}
    os.mkfifo(folder.parent / ".env", 0o600)
    assert "is no regular file" in find_env_file(folder).refused


def test_a_link_is_judged_by_the_file_that_it_leads_to(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "theirs"
    target.write_text("B=2\n")
    (folder / ".env").symlink_to(target)
    target.chmod(0o666)
    assert "can be written by others" in find_env_file(folder).refused
    target.chmod(0o600)
    assert dict(find_env_file(folder).values) == {"B": "2"}


def test_a_file_that_a_person_named_is_read_whoever_can_write_it(folder: Path) -> None:
    path = folder / "team.env"
    path.write_bytes(b"\xef\xbb\xbfB=2\nC=\xe9\n")
    path.chmod(0o666)
    assert read_env_file(path).values["B"] == "2"
    with pytest.raises(UsageError, match=r"LEVERKIT_ENV_FILE names .*nowhere"):
        read_env_file(folder / "nowhere")
