"""Errors of a warehouse and of its drivers, of which each has its own kinds, as one of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from leverkit.api.auth import Secret
from leverkit.errors import LeverkitError, UsageError

NO_PASSWORD = Secret("")


@contextmanager
def clear_errors(what: str, password: Secret = NO_PASSWORD) -> Iterator[None]:
    """Turn whatever a warehouse raises into a UsageError that names it, and does not show the password."""
    try:
        yield
    except LeverkitError:
        raise
    except Exception as error:
        secret = password.reveal()
        text = str(error).replace(secret, "***") if secret else str(error)
        raise UsageError(f"{what}: {text}") from None
