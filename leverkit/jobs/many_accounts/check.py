"""List and check many accounts: whether each key opens the account that it should, and what it may read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import msgspec

from leverkit.accounts import KEYS, AccountEntry, AccountsFile
from leverkit.doctor.checkup import Check, account_checks
from leverkit.environment import environment_of, expanded, read_environment
from leverkit.errors import LeverkitError, Refused
from leverkit.jobs.many_accounts.placeholders import known_folder
from leverkit.settings import PRODUCTION, WORKSPACE, Settings, connect


class AccountListed(msgspec.Struct, frozen=True, kw_only=True):
    """One account as files and environment tell of it; `id` is empty where it was never opened."""

    account: str
    host: str
    id: str
    labels: tuple[str, ...]
    key: str
    folder: str


class AccountCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of one account: its id, where the key opens one, and each check."""

    account: str
    host: str = ""
    id: str = ""
    labels: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()

    @property
    def failed(self) -> list[Check]:
        """Return the checks that found a problem."""
        return [check for check in self.checks if check.ok is False]

    @property
    def exit_code(self) -> int:
        """Return the exit code of the first problem; 0 without any."""
        return next((check.exit_code or 1 for check in self.failed), 0)


def listed(known: AccountsFile, entry: AccountEntry) -> AccountListed:
    """Return what files and environment tell of an account; a command that prints the key is not run."""
    values = read_environment(environment_of(entry, known), None)
    home = expanded(values["LEVERKIT_WORKSPACE"].text or WORKSPACE)
    folder = known_folder(entry, home)
    variable = entry.variables[0] if not entry.key_command else ""
    is_set = variable and values[KEYS[entry.key_kind]].text
    return AccountListed(
        account=entry.name,
        host=urlsplit(values["LEVER_BASE_URL"].text or PRODUCTION).hostname or "",
        id=folder.name if folder else "",
        labels=entry.labels,
        key=f"{variable} {'is set' if is_set else 'is NOT set'}" if variable else "by a command",
        folder=str(folder or ""),
    )


def check_accounts(
    known: AccountsFile, entries: Sequence[AccountEntry], *, workers: int
) -> list[AccountCheck]:
    """Check accounts, so many at once; only reads. Two that open the same account are a problem of both."""
    with ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(lambda entry: _checked(known, entry), entries))
    return [_alone(each, found) for each in found]


def _checked(known: AccountsFile, entry: AccountEntry) -> AccountCheck:
    try:
        settings = Settings.from_environment(environment_of(entry, known), person=False)
        checks, identifier = _checks(settings)
    except LeverkitError as error:
        failed = Check("account", False, str(error), error.exit_code)
        return AccountCheck(account=entry.name, labels=entry.labels, checks=(failed,))
    return AccountCheck(
        account=entry.name, host=settings.host, id=identifier, labels=entry.labels, checks=tuple(checks)
    )


def _checks(settings: Settings) -> tuple[list[Check], str]:
    """Return the checks of an account, and its id, empty where the key does not open it."""
    settings.require_key()
    with connect(settings=settings) as lever:
        return account_checks(settings, lever=lever), lever.account.id


def _alone(found: AccountCheck, all_found: Iterable[AccountCheck]) -> AccountCheck:
    """Return what was found of an account, with a problem more where another name opens the same one."""
    same = [other.account for other in all_found if found.id and other.id == found.id and other != found]
    if not same:
        return found
    text = f"{found.id} is opened by {' and '.join(same)}, too: is one of the keys in the wrong place?"
    twice = Check("account", False, text, Refused.exit_code)
    return msgspec.structs.replace(found, checks=(*found.checks, twice))
