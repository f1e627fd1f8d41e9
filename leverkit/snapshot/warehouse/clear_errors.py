"""Errors of a warehouse and of its drivers, of which each has its own kinds, as one of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from leverkit.api.auth import Secret
from leverkit.errors import LeverkitError, UsageError

NO_PASSWORD = Secret("")


@contextmanager
def clear_errors(what: str, advice: str, password: Secret = NO_PASSWORD) -> Iterator[None]:
    """Turn whatever a warehouse raises into a UsageError: one line that names it, without the password.

    `advice` says what a person can do.
    """
    try:
        yield
    except LeverkitError:
        raise
    except Exception as error:
        secret = password.reveal()
        text = str(error).replace(secret, "***") if secret else str(error)
        raise UsageError(f"{what}: {_in_one_line(text)}. {advice}") from None


def _in_one_line(text: str) -> str:
    """Return a message without its line ends, and without the statement that DuckDB shows below it."""
    lines = (line.strip() for line in text.partition("\n\nLINE ")[0].splitlines())
    return " ".join(" ".join(line for line in lines if line.strip("^")).split()).rstrip(" .!?")
