"""The account that a command is for: chosen with --account, or that of the environment."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leverkit.cli.output import noted, print_message
from leverkit.errors import UsageError, exit_code_of

if TYPE_CHECKING:
    from leverkit.accounts import AccountEntry
    from leverkit.settings import Settings

OPTION = "--account"
# Commands that are for no account, or for many.
WITHOUT = ("accounts", "demo", "emulator", "notebooks", "scan")


def shown_settings(*, demo: bool = False, person: bool | None = None) -> Settings:
    """Return the settings; print which account they lead to, and where its address and key come from."""
    from leverkit.settings import Settings

    settings = Settings.from_environment(demo=demo, person=person)
    if settings.key or settings.demo:
        print_message(settings.connection)
    return settings


def home_or_own_folder() -> Path:
    """Return the folder of the account of accounts.toml that is chosen, or the workspace without one."""
    from leverkit.environment import chosen_entry
    from leverkit.jobs.many_accounts.placeholders import own_folder
    from leverkit.settings import workspace

    entry = chosen_entry()
    return own_folder(entry, workspace()) if entry else workspace()


def run_as_account(run: Callable[..., Any], arguments: Sequence[str]) -> int:
    """Call `run` with the words of a command and the defaults of its account; return its exit code.

    It acts for the account that --account or LEVERKIT_ACCOUNT chooses, if any: {snapshot} and so on stand
    for its own files, and how the command ends is noted in its workspace.
    """
    name, words = account_in(arguments)
    if (command := command_of(words)) in ("", *WITHOUT) or "--help" in words:
        return int(run(words) or 0)
    from leverkit.environment import acting_as, chosen_account

    name = name or chosen_account()
    if not name:
        return int(run(words) or 0)
    with acting_as(name):
        return _run_noted(run, command, words)


def account_in(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """Return the account that --account names, and the other words. Raises UsageError for two."""
    words = list(arguments)
    if command_of(words) in WITHOUT:
        return "", words
    names = []
    while (at := _place(words)) is not None:
        _, equals, value = words[at].partition("=")
        names.append(value if equals else words[at + 1])
        if not names[-1].strip():  # an empty variable; the account of the environment is another
            raise UsageError(f"{OPTION} is given without a name")
        del words[at : at + (1 if equals else 2)]
    if len(set(names)) > 1:
        raise UsageError(f"{OPTION} is given twice; for several accounts: leverkit accounts run")
    return (names or [""])[0], words


def command_of(words: Sequence[str]) -> str:
    """Return the command among the words of a command line; empty where there is none."""
    before = ""
    for word in words:
        if not word.startswith("-") and before != OPTION:
            return word
        before = word
    return ""


def _place(words: Sequence[str]) -> int | None:
    """Return where --account stands with its value, before `--`."""
    for at, word in enumerate(words):
        if word == "--":
            return None
        if word.startswith(f"{OPTION}=") or (word == OPTION and at + 1 < len(words)):
            return at
    return None


def _run_noted(run: Callable[..., Any], command: str, words: Sequence[str]) -> int:
    """Run a command for the account that is chosen, and note how it ended. Raises what ended it."""
    from leverkit.environment import chosen_entry
    from leverkit.jobs.many_accounts.outcomes import outcome
    from leverkit.jobs.many_accounts.placeholders import Places, expanded
    from leverkit.settings import workspace

    began, code, home, entry = time.monotonic(), 1, workspace(), chosen_entry()
    assert entry is not None
    try:
        code = int(run(expanded(words, Places(entry, home)), default_map=defaults(entry)) or 0)
    except BaseException as error:
        code = exit_code_of(error)
        raise
    finally:
        if command.isalpha():  # else it is none, and would be part of the name of a file
            with noted("how this command ended was not noted"):
                outcome(entry.name, command, code, time.monotonic() - began).write(home)
    return code


def defaults(entry: AccountEntry) -> dict[str, Any]:
    """Return the defaults of options that an account has in accounts.toml, by command."""
    policy = {"policy": str(entry.policy_file)} if entry.policy_file else {}
    limits = entry.brakes.given
    found = {"max_found": limits.pop("max_found_removals")} if "max_found_removals" in limits else {}
    return {
        "pull": found,
        "audit": policy if entry.policy_file and entry.policy_file.exists() else {},
        "plan": policy | limits,
        "apply": limits,
        "sync": policy | found | {"approve": policy | limits},
        "listen": policy,
    }
