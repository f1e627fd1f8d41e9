"""What stands for an account's own files in a command: {name}, {folder}, {snapshot}, {policy} and {run}."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path

from leverkit.accounts import AccountEntry
from leverkit.errors import UsageError, did_you_mean
from leverkit.planning.run_folder import run_folders
from leverkit.settings import connect
from leverkit.storage.account_registry import account_folder, read_accounts

PLACEHOLDERS = ("name", "folder", "snapshot", "policy", "run")
_BRACES = re.compile(r"\{(\w+)\}")
_OUT = ("-o", "--out", "--html", "--sarif", "--state")  # options that name what a command writes
# What commands, by words of theirs, write into the current folder without an option.
BY_DEFAULT = {
    ("overview",): "overview.html",
    ("policy", "suggest"): "policy.csv",
    ("doctor", "--contract"): "contract",
}


def known_folder(entry: AccountEntry, home: Path) -> Path | None:
    """Return the folder of an account in its workspace; None where nobody knows the account's id yet."""
    if entry.account:
        return account_folder(home, entry.account)
    known = (home / each.id for each in read_accounts(home) if each.name == entry.name)
    return next(known, None)


def own_folder(entry: AccountEntry, home: Path) -> Path:
    """Return the folder of the account that this process acts for; Lever is asked where it is not known.

    Raises as `connect`, and Refused where it may be another account that is known there.
    """
    if known := known_folder(entry, home):
        return known
    with connect() as lever:
        folder = lever.account.folder_in(home)
        lever.account.remember()
    return folder


class Places:
    """The files of the account that this process acts for, found when a command names them."""

    def __init__(self, entry: AccountEntry, home: Path) -> None:
        self._entry, self._home = entry, home
        self._started = datetime.now(UTC)

    @cached_property
    def folder(self) -> Path:
        """Return the account's folder in its workspace."""
        return own_folder(self._entry, self._home)

    def place(self, name: str, *, new: bool = False) -> str:
        """Return what a placeholder stands for; with `new`, {run} is a folder that is not there yet."""
        if name == "name":
            return self._entry.name
        if name == "policy":
            return str(self._entry.policy_file or self.folder / "policy.csv")
        if name == "run":
            return str(self._new_run() if new else self._newest_run())
        return str(self.folder / "snapshot" if name == "snapshot" else self.folder)

    def _new_run(self) -> Path:
        return self.folder / "runs" / f"{self._started:%Y%m%d-%H%M%S}"

    def _newest_run(self) -> Path:
        """Return the newest run folder. Raises UsageError where there is none."""
        found = run_folders(self.folder)
        if not found:
            raise UsageError(f"{self.folder} holds no run yet: make one with `leverkit plan … -o {{run}}`")
        return found[0]


def expanded(words: Sequence[str], places: Places) -> list[str]:
    """Return the words of a command with an account's own files in place of {snapshot} and so on.

    Raises UsageError for a placeholder that is probably misspelt; as `connect` where Lever has to be asked.
    """
    return [_BRACES.sub(partial(_known, places, new), word) for word, new in _with_use(words)]


def require_own_files(words: Sequence[str], entries: Sequence[AccountEntry] = ()) -> None:
    """Raise UsageError where a command for many accounts would write the same file for several of them."""
    named = [word for word, is_out in _with_use(words) if is_out]
    for command, name in BY_DEFAULT.items():
        if not named and {*command} <= {*words}:
            raise UsageError(f"{name} would be the same for every account: add -o {{folder}}/{name}")
    files = [entry.policy_file for entry in entries if entry.policy_file]
    for word in named:
        places = {*_BRACES.findall(word)}.intersection(PLACEHOLDERS)
        if places == {"policy"} and len(files) > len({*files}):
            raise UsageError(
                f"{word} would be the same for several accounts: name a policy for each in accounts.toml"
            )
        if not places:
            raise UsageError(
                f"{word} would be the same for every account: begin it with {{folder}}, the account's own "
                f"folder, as in {{folder}}/{Path(word.partition('=')[2] or word.removeprefix('-o')).name}"
            )


def _known(places: Places, new: bool, found: re.Match[str]) -> str:
    if found[1] in PLACEHOLDERS:
        return places.place(found[1], new=new)
    if near := did_you_mean(found[1], PLACEHOLDERS):
        raise UsageError(f"{found[0]} stands for nothing{near}")
    return found[0]  # a tag may have braces


def _with_use(words: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Yield each word, and if it names what the command writes."""
    for before, word in zip(("", *words), words, strict=False):
        joined = word.startswith(("-o", *(f"{option}=" for option in _OUT[1:]))) and word not in _OUT
        yield word, before in _OUT or joined
