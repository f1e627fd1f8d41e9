"""The environment of this process, and its `.env` file: our variables, each with where it comes from.

No other module reads the environment. LEVERKIT_ACCOUNT chooses an account of accounts.toml: what is an
account's own comes from its entry then, and not from the environment or `.env`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from leverkit.accounts import KEYS, AccountEntry, AccountsFile
from leverkit.accounts_file import NoAccounts, find_accounts
from leverkit.api.auth import LEVER, Secret, is_safe_host
from leverkit.errors import UsageError
from leverkit.key_command import CommandKey
from leverkit.storage.env_file import EnvFile, find_env_file, read_env_file

VARIABLES = (
    "LEVER_API_KEY",
    "LEVER_ACCESS_TOKEN",
    "LEVER_CLIENT_ID",
    "LEVER_CLIENT_SECRET",
    "LEVER_REFRESH_TOKEN",
    "LEVER_TOKEN_URL",
    "LEVER_BASE_URL",
    "LEVER_PERFORM_AS",
    "LEVER_WEBHOOK_SECRETS",
    "LEVERKIT_WORKSPACE",
    "LEVERKIT_ACCOUNT_NAME",
    "LEVERKIT_DEMO",
    "LEVERKIT_NOTIFY",
    "LEVERKIT_LOG",
    "LEVERKIT_TOKEN_FILE",
    "SNOWFLAKE_PASSWORD",
)
ENVIRONMENT = "the environment"
KERNEL_OF_A_PERSON = ("JPY_SESSION_NAME", "VSCODE_PID", "VSCODE_CWD")
ACCOUNT, ACCOUNTS_FILE = "LEVERKIT_ACCOUNT", "LEVERKIT_ACCOUNTS_FILE"
OF_ONE_ACCOUNT = (
    *KEYS.values(),
    "LEVER_BASE_URL",
    "LEVER_PERFORM_AS",
    "LEVER_WEBHOOK_SECRETS",
    "LEVERKIT_ACCOUNT_NAME",
    "LEVERKIT_DEMO",
    "LEVERKIT_TOKEN_FILE",
)
OF_AN_APPLICATION = ("LEVER_CLIENT_ID", "LEVER_CLIENT_SECRET", "LEVER_TOKEN_URL")  # one for many accounts
YES, NO = ("1", "true", "yes"), ("0", "false", "no")


@dataclass(frozen=True)
class Value:
    """A variable's value, as a secret so that no traceback with local variables shows it, and its source."""

    secret: Secret
    source: str

    @property
    def text(self) -> str:
        return self.secret.reveal()


@dataclass(frozen=True)
class Variables:
    """All our variables; one that is set nowhere is empty. `refused` names a `.env` that was not read.

    `person` is True if somebody sees what is printed: at a terminal, or in JupyterLab or VS Code. `entry` is
    the account of accounts.toml that was chosen.
    """

    values: Mapping[str, Value]
    refused: str
    person: bool
    entry: AccountEntry | None = None

    def __getitem__(self, name: str) -> Value:
        return self.values[name]


def read_environment(environ: Mapping[str, str] | None, dotenv: Mapping[str, str | None] | None) -> Variables:
    """Return our variables from the environment, which wins, and `.env`; or from mappings given for them.

    Raises UsageError for an account that accounts.toml does not name, or a wrong file.
    """
    environ = os.environ if environ is None else environ
    file = _env_file(environ) if dotenv is None else EnvFile(Path(".env"), dotenv)
    values = {name: _value(name, environ, file) for name in VARIABLES}
    if not (name := environ.get(ACCOUNT, "").strip()):
        return Variables(values, file.refused, _is_person(environ))
    known = accounts_file(environ)
    entry = known.entry(name)
    values |= _of_entry(entry, known, environ, lambda name: _value(name, environ, file))
    return Variables(values, file.refused, _is_person(environ), entry)


def accounts_file(environ: Mapping[str, str] | None = None) -> AccountsFile:
    """Return the accounts.toml of an environment. Raises UsageError where there is none, or a wrong one."""
    environ = os.environ if environ is None else environ
    return find_accounts(environ.get(ACCOUNTS_FILE, "").strip(), Path.cwd())


def accounts_file_if_any() -> AccountsFile | None:
    """Return the accounts.toml of this environment, if there is one. Raises UsageError for a wrong one."""
    try:
        return accounts_file()
    except NoAccounts:
        return None


def environment_of(entry: AccountEntry, known: AccountsFile) -> dict[str, str]:
    """Return the environment for a process that acts for one account: without the keys of any other."""
    own = (*entry.variables, *(OF_AN_APPLICATION if entry.refresh_token_env else ()))
    kept = {name: os.environ[name] for name in own if name in os.environ}
    chosen = {ACCOUNT: entry.name, ACCOUNTS_FILE: str(known.path)}
    return _without_keys(os.environ, known) | kept | chosen


@contextmanager
def acting_as(name: str) -> Iterator[None]:
    """Act for an account of accounts.toml in this `with` block; for that of the environment without a name.

    Processes that start in it find no key of another account. Raises UsageError.
    """
    if not name:
        yield
        return
    known, before = accounts_file(), dict(os.environ)
    os.environ.update(ours := environment_of(known.entry(name), known))
    for other in before.keys() - ours.keys():
        del os.environ[other]
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def chosen_account() -> str:
    """Return the name of the account that the environment of this process chooses; empty without one."""
    return os.environ.get(ACCOUNT, "").strip()


def chosen_entry() -> AccountEntry | None:
    """Return the account of accounts.toml that this process acts for; None without one. Raises UsageError."""
    name = chosen_account()
    return accounts_file().entry(name) if name else None


def choose_account(name: str) -> None:
    """Let this process, such as a kernel, act for an account of accounts.toml from now on; "" for none."""
    os.environ[ACCOUNT] = name


def expanded(text: str) -> Path:
    """Return a path with `~` as the home folder. Raises UsageError where there is none."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise UsageError("this user has no home folder: set LEVERKIT_WORKSPACE, and HOME") from None


def require_home() -> None:
    """Raise UsageError where this user has no home folder, in which Jupyter looks for its kernels."""
    try:
        Path.home()
    except RuntimeError:
        raise UsageError("this user has no home folder, and Jupyter looks in it: set HOME") from None


def is_demo_wanted(text: str, person: bool) -> bool:
    """Return True if LEVERKIT_DEMO says so, or says nothing and a person is there. Raises UsageError."""
    if text.lower() not in ("", *YES, *NO):
        raise UsageError("LEVERKIT_DEMO must be 1 or 0")
    return text.lower() in YES if text else person


def is_log_wanted(text: str) -> bool:
    """Return True if LEVERKIT_LOG asks for a line for each request. Raises UsageError."""
    if text.lower() not in ("", "debug", *NO):
        raise UsageError("LEVERKIT_LOG must be debug, or 0")
    return text.lower() == "debug"


def _is_person(environ: Mapping[str, str]) -> bool:
    ipython = sys.modules.get("IPython")
    if ipython and hasattr(ipython.get_ipython(), "kernel"):
        return any(environ.get(name) for name in KERNEL_OF_A_PERSON)
    try:
        return sys.stdin.isatty() and sys.stderr.isatty()
    except (AttributeError, ValueError):  # closed, or none at all
        return False


@contextmanager
def handing_on(variables: Mapping[str, str]) -> Iterator[None]:
    """Let processes that start in this `with` block find these variables in their environment."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            del os.environ[name]
            if value is not None:
                os.environ[name] = value


def _env_file(environ: Mapping[str, str]) -> EnvFile:
    named = environ.get("LEVERKIT_ENV_FILE", "").strip()
    return read_env_file(expanded(named)) if named else find_env_file(Path.cwd())


def _value(name: str, environ: Mapping[str, str], file: EnvFile) -> Value:
    for values, source in ((environ, ENVIRONMENT), (file.values, str(file.path))):
        if text := (values.get(name) or "").strip():
            return Value(Secret(text), source)
    return Value(Secret(""), "")


def _of_entry(
    entry: AccountEntry, known: AccountsFile, environ: Mapping[str, str], find: Callable[[str], Value]
) -> dict[str, Value]:
    """Return what is one account's own, as its entry has it."""
    source = f"{known.path}, [{entry.name}]"
    host = urlsplit(entry.base_url).hostname or LEVER
    if not is_safe_host(host) and known.distrusted:
        raise UsageError(f"{source}: its key is not sent to {host}: {known.distrusted}")
    given = {
        "LEVER_BASE_URL": entry.base_url,
        "LEVER_PERFORM_AS": entry.perform_as,
        "LEVERKIT_ACCOUNT_NAME": entry.name,
        "LEVERKIT_DEMO": "0",
        "LEVERKIT_WORKSPACE": str(entry.home or ""),
    }
    values = dict.fromkeys(OF_ONE_ACCOUNT, Value(Secret(""), ""))
    values |= {name: Value(Secret(text), source) for name, text in given.items() if text}
    if entry.webhook_secrets_env:
        values["LEVER_WEBHOOK_SECRETS"] = find(entry.webhook_secrets_env)
    if entry.key_command:
        return values | {"LEVER_API_KEY": _printed_key(entry, known, environ)}
    variable = getattr(entry, entry.key_kind)
    found = find(variable)
    where = f"{variable} in {found.source}" if found.source else ""
    return values | {KEYS[entry.key_kind]: Value(found.secret, where)}


def _printed_key(entry: AccountEntry, known: AccountsFile, environ: Mapping[str, str]) -> Value:
    """Return the key that a command prints. Raises UsageError where others could have written the command."""
    if known.distrusted:
        raise UsageError(f"{known.path}: its key_command was not run: {known.distrusted}")
    key = CommandKey(entry.key_command, f"account {entry.name}", _without_keys(environ, known))
    return Value(key, f"the key_command in {known.path}")


def _without_keys(environ: Mapping[str, str], known: AccountsFile) -> dict[str, str]:
    """Return an environment without what is an account's own or holds a key of the file."""
    named = {variable for entry in known.entries for variable in entry.variables}
    hidden = {name for name in environ if name.startswith("LEVER_")} | named | {*OF_ONE_ACCOUNT}
    return {name: text for name, text in environ.items() if name not in hidden}
