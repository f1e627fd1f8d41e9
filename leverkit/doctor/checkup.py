"""Check versions, kernel, workspace, lock, key, account and permissions; one line per check.

Sends about ten small reads and never writes, so it cannot check the permission to write.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from leverkit.api.models import User
from leverkit.api.responses import PERFORM_AS
from leverkit.environment import require_home
from leverkit.errors import AccessDenied, ApiError, KeyMissing, LeverkitError, Locked, UsageError
from leverkit.extras import command, is_installed
from leverkit.settings import Settings, connect
from leverkit.storage.lock import account_lock, hold

if TYPE_CHECKING:
    import pandas as pd

    from leverkit.api.client import ReadOnlyLever

PACKAGES = ("leverkit", "httpx", "duckdb", "pandas")
OF_NOTEBOOKS = ("papermill", "jupyterlab")
READS = (
    ("read opportunities", "/opportunities"),
    ("read deleted opportunities", "/opportunities/deleted"),
    ("read postings", "/postings"),
    ("read stages", "/stages"),
    ("read archive reasons", "/archive_reasons"),
    ("read tags", "/tags"),
    ("read users", "/users"),
)
NEEDED = {"read opportunities", "read archive reasons", "read tags"}


class Check(msgspec.Struct, frozen=True):
    """What was checked, if it is well (None: a note, nothing wrong), and what was found."""

    what: str
    ok: bool | None
    found: str
    exit_code: int = 0

    @property
    def state(self) -> str:
        """The outcome in one word: ok, PROBLEM or note."""
        return {True: "ok", False: "PROBLEM", None: "note"}[self.ok]


class Checkup(msgspec.Struct, frozen=True):
    """All checks. `exit_code` is that of the first check that failed, 0 if none did."""

    checks: tuple[Check, ...]

    @property
    def exit_code(self) -> int:
        """0 if everything is ready, 12 if the key does not open the account, 64 for wrong settings, or 1."""
        return next((check.exit_code or 1 for check in self.checks if check.ok is False), 0)

    @property
    def verdict(self) -> str:
        """A sentence: whether everything is ready, and what comes next."""
        problems = [check.what for check in self.checks if check.ok is False]
        if problems:
            return f"to fix: {', '.join(problems)}; then run leverkit doctor again"
        return "everything is ready; next: leverkit pull -o snapshot"

    @property
    def frame(self) -> pd.DataFrame:
        """One row per check: what, state, found."""
        import pandas as pd

        rows = [(check.what, check.state, check.found) for check in self.checks]
        return pd.DataFrame(rows, columns=["what", "state", "found"])

    def __repr__(self) -> str:
        return "<Checkup: everything is ready>" if not self.exit_code else "<Checkup: problems to fix>"

    def _repr_html_(self) -> str:
        from leverkit.report.html import table

        return table(self.frame, caption="Check-up")


def examine(settings: Settings | None = None, *, lever: ReadOnlyLever | None = None) -> Checkup:
    """Check everything that a migration needs. Raises UsageError for wrong settings."""
    settings = settings or Settings.from_environment()
    checks = [
        _python(),
        _packages(),
        _kernel(),
        _workspace(settings.home),
        _files(settings.home),
        _lock(),
    ]
    return Checkup((*checks, *account_checks(settings, lever=lever)))


def account_checks(settings: Settings, *, lever: ReadOnlyLever | None = None) -> list[Check]:
    """Check the key, the account that it opens, and its permissions."""
    checks = [_key(settings)]
    if checks[0].ok is False and not lever:
        return checks
    try:
        opened = nullcontext(lever) if lever else connect(settings=settings)
    except LeverkitError as error:  # of an account of accounts.toml, connect reads the ids
        if not settings.entry:
            raise
        return [*checks, Check("account", False, str(error), error.exit_code)]
    with opened as account:
        checks += _account(account)
        if checks[-1].what == "write tags" and not settings.demo:
            checks.append(_performer(account, settings.perform_as))
    return checks


def _python() -> Check:
    number = platform.python_version()
    supported = (3, 11) <= tuple(map(int, platform.python_version_tuple()[:2])) < (3, 14)
    return Check("Python", supported or None, number if supported else f"{number}; tried are 3.11 to 3.13")


def _packages() -> Check:
    names = PACKAGES + (OF_NOTEBOOKS if is_installed("notebooks") else ())
    return Check("packages", True, ", ".join(f"{name} {version(name)}" for name in names))


def _kernel() -> Check:
    if not is_installed("notebooks"):
        return Check("kernel", None, f"no notebooks here; for them: {command('notebooks')}")
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        require_home()
        KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        return Check("kernel", False, "no kernel python3: install ipykernel into this environment")
    except UsageError as error:
        return Check("kernel", False, str(error), error.exit_code)
    return Check("kernel", True, "python3")


def _workspace(home: Path) -> Check:
    there = next(folder for folder in (home, *home.parents) if folder.exists())
    if there.is_dir() and os.access(there, os.W_OK):
        return Check("workspace", True, str(home))
    return Check("workspace", False, f"{home} cannot be written; set LEVERKIT_WORKSPACE", 64)


def _files(home: Path) -> Check:
    """Return who can read what is written: data its owner alone, reports whom the umask lets."""
    if os.name != "posix":
        return Check("files", None, "who may read them is as the folder says; keep the workspace in your own")
    umask = os.umask(0o077)
    os.umask(umask)
    whom = "everybody here" if not umask & 0o004 else "your group" if not umask & 0o040 else "only you"
    found = f"data: only you can read it; reports (--html): {whom}, by your umask {umask:03o}"
    if home.exists() and home.stat().st_mode & 0o077:
        return Check("files", None, f"{found}; others can open {home}: chmod -R go= {home}")
    return Check("files", True, found)


def _lock() -> Check:
    """Try a lock where `apply` takes that of the account."""
    try:
        with suppress(Locked), hold(account_lock("doctor"), purpose="doctor"):
            pass
    except UsageError as error:
        return Check("account's lock", False, str(error), error.exit_code)
    return Check("account's lock", True, "can be taken")


def _key(settings: Settings) -> Check:
    try:
        settings.require_key()
    except KeyMissing as error:
        return Check("key", False, str(error), error.exit_code)
    if settings.demo:
        return Check("key", None, "none set: this is the demo account")
    acts = f"acts as {settings.perform_as}" if settings.perform_as else "LEVER_PERFORM_AS is not set"
    return Check("key", True, f"set, sent as {settings.scheme}; {acts}")


def _account(lever: ReadOnlyLever) -> Iterator[Check]:
    """Yield one check per permission, or only one for the account if the key does not open it."""
    try:
        yield Check("account", True, f"{lever.account.title} at {lever.host}")
    except LeverkitError as error:
        yield Check("account", False, str(error), error.exit_code)
        return
    for what, path in READS:
        only_ids: dict[str, Any] = (
            {"include": "id"} if path == "/opportunities" else {}
        )  # no name leaves Lever for a check
        yield _permission(what, partial(lever.page, path, type=msgspec.Raw, limit=1, **only_ids))
    if lever.sees_confidential():
        yield Check("read confidential ones", True, "granted")
    else:
        yield Check("read confidential ones", None, "not granted: these stay invisible, and reports say so")
    yield Check("write tags", None, "cannot be checked without writing; apply needs it")


def _performer(lever: ReadOnlyLever, user: str | None) -> Check:
    """Look up the user in whose name tags are to be written; Lever may refuse writes for an unknown user.

    Some accounts take no write without one, which only a write can tell.
    """
    if not user:
        found = f"nobody; if this account takes tags only in a user's name, apply stops at once: {PERFORM_AS}"
        return Check("act as", None, found)
    try:
        by_id = f"/users/{quote(user, safe='')}"
        known = bool(lever.user_with(user) if "@" in user else lever.get(by_id, type=User))
    except ApiError as error:
        if error.status != 404:
            return Check("act as", None, f"cannot be looked up: {error}")
        known = False
    if known:
        return Check("act as", True, user)
    return Check("act as", False, f"no active user {user}: correct LEVER_PERFORM_AS", UsageError.exit_code)


def _permission(what: str, request: Callable[[], Any]) -> Check:
    try:
        request()
    except ApiError as error:
        ok = False if what in NEEDED else None
        return Check(what, ok, str(error), AccessDenied.exit_code if error.status in (401, 403) else 1)
    return Check(what, True, "granted")
