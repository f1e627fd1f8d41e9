"""The environment of this process, and its `.env` file: our variables, each with where it comes from.

No other module reads the environment.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from leverkit.api.auth import Secret
from leverkit.errors import UsageError
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
)
ENVIRONMENT = "the environment"
KERNEL_OF_A_PERSON = ("JPY_SESSION_NAME", "VSCODE_PID", "VSCODE_CWD")
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

    `person` is True if somebody sees what is printed: at a terminal, or in JupyterLab or VS Code.
    """

    values: Mapping[str, Value]
    refused: str
    person: bool

    def __getitem__(self, name: str) -> Value:
        return self.values[name]


def read_environment(environ: Mapping[str, str] | None, dotenv: Mapping[str, str | None] | None) -> Variables:
    """Return our variables from the environment, which wins, and `.env`; or from mappings given for them."""
    environ = os.environ if environ is None else environ
    file = _env_file(environ) if dotenv is None else EnvFile(Path(".env"), dotenv)
    values = {name: _value(name, environ, file) for name in VARIABLES}
    return Variables(values, file.refused, _is_person(environ))


def expanded(text: str) -> Path:
    """Return a path with `~` as the home folder. Raises UsageError where there is none."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise UsageError("this user has no home folder: set LEVERKIT_WORKSPACE, and HOME") from None


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
