"""Is all well? Versions, kernel, workspace, key, account and permissions, each tried and told in a line.

Sends a handful of small reads; nothing that writes, so the permission to write is the one thing it
cannot try.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from leverkit.api.client import ReadOnlyLever
from leverkit.api.models import User
from leverkit.errors import AccessDenied, ApiError, LeverkitError, UsageError
from leverkit.settings import Settings, connect

if TYPE_CHECKING:
    import pandas as pd

PACKAGES = ("leverkit", "httpx", "duckdb", "pandas", "papermill", "jupyterlab")
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
    """What was tried, whether it is well (None: worth knowing, not wrong), what was found."""

    what: str
    ok: bool | None
    found: str
    exit_code: int = 0


class Checkup(msgspec.Struct, frozen=True):
    """All that was tried. `exit_code` is that of the first trouble, 0 without one."""

    checks: tuple[Check, ...]

    @property
    def exit_code(self) -> int:
        """Return 0, 12 where the key does not open the account, else 1."""
        return next((check.exit_code or 1 for check in self.checks if check.ok is False), 0)

    @property
    def verdict(self) -> str:
        """Say whether all is well, and what comes next."""
        trouble = [check.what for check in self.checks if check.ok is False]
        if trouble:
            return f"there is trouble with {', '.join(trouble)}; mend that, next: leverkit doctor"
        return "all is well; next: leverkit pull -o snapshot"

    @property
    def frame(self) -> pd.DataFrame:
        """Return one row a check: what, state, found."""
        import pandas as pd

        words = {True: "well", False: "TROUBLE", None: "note"}
        rows = [(check.what, words[check.ok], check.found) for check in self.checks]
        return pd.DataFrame(rows, columns=["what", "state", "found"])

    def __repr__(self) -> str:
        return "<Checkup: all is well>" if not self.exit_code else "<Checkup: there is trouble>"

    def _repr_html_(self) -> str:
        from leverkit.report.html import table

        return table(self.frame, caption="Check-up")


def examine(settings: Settings | None = None, *, lever: ReadOnlyLever | None = None) -> Checkup:
    """Try everything that the flow needs and return what was found. Raises UsageError for wrong settings."""
    settings = settings or Settings.from_environment()
    checks = [_python(), _packages(), _kernel(), _workspace(settings.home), _key(settings)]
    with nullcontext(lever) if lever else connect(settings=settings) as account:
        checks += _account(account)
        if settings.perform_as and checks[-1].what == "write tags":
            checks.append(_acting(account, settings.perform_as))
    return Checkup(tuple(checks))


def _python() -> Check:
    number = platform.python_version()
    supported = (3, 11) <= tuple(map(int, platform.python_version_tuple()[:2])) < (3, 14)
    return Check("Python", supported or None, number if supported else f"{number}; tried are 3.11 to 3.13")


def _packages() -> Check:
    return Check("packages", True, ", ".join(f"{name} {version(name)}" for name in PACKAGES))


def _kernel() -> Check:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        return Check("kernel", False, "no kernel python3: install ipykernel into this environment")
    return Check("kernel", True, "python3")


def _workspace(home: Path) -> Check:
    there = next(folder for folder in (home, *home.parents) if folder.exists())
    if there.is_dir() and os.access(there, os.W_OK):
        return Check("workspace", True, str(home))
    return Check("workspace", False, f"{home} cannot be written; set LEVERKIT_WORKSPACE", 64)


def _key(settings: Settings) -> Check:
    if settings.demo:
        return Check("key", None, "none set: this is the demo account")
    acts = f"acts as {settings.perform_as}" if settings.perform_as else "LEVER_PERFORM_AS is not set"
    return Check("key", True, f"set, sent as {settings.scheme}; {acts}")


def _account(lever: ReadOnlyLever) -> Iterator[Check]:
    """Yield one check a permission, or one for the account where it does not open at all."""
    try:
        yield Check("account", True, f"{lever.account_id()} at {lever.host}")
    except LeverkitError as error:
        yield Check("account", False, str(error), error.exit_code)
        return
    for what, path in READS:
        yield _tried(what, lambda path=path: lever.page(path, type=msgspec.Raw, limit=1))  # type: ignore[misc]
    if lever.sees_confidential():
        yield Check("read confidential ones", True, "granted")
    else:
        yield Check("read confidential ones", None, "not granted: they stay unseen, and reports say so")
    yield Check("write tags", None, "cannot be tried without writing; apply needs it")


def _acting(lever: ReadOnlyLever, user: str) -> Check:
    """Look for the user in whose name tags are to be written; Lever may refuse writes for an unknown one."""
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


def _tried(what: str, ask: Callable[[], Any]) -> Check:
    try:
        ask()
    except ApiError as error:
        ok = False if what in NEEDED else None
        return Check(what, ok, str(error), AccessDenied.exit_code if error.status in (401, 403) else 1)
    return Check(what, True, "granted")
