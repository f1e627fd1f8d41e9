"""Errors of a warehouse and of its drivers, of which each has its own kinds, as one of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from leverkit.api.auth import Secret
from leverkit.errors import LeverkitError, UsageError

NO_PASSWORD = Secret("")
_CSV_ERROR = re.compile(r"CSV Error on Line: (?P<line>\d+)\n.*\n *file = (?P<file>[^\n]+)", re.DOTALL)
_JSON_OBJECT = re.compile(r"Object \{.*\}(?= has )", re.DOTALL)
_CSV_FORM = re.compile(r'Error when sniffing file "(?P<file>[^\n]+)"')


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
    """Return a message without its line ends, and without the statement that DuckDB shows below it.

    What DuckDB says of a file may show a line or an object of it, which may name people, and names options of
    its own.
    """
    if found := _CSV_ERROR.search(text) or _CSV_FORM.search(text):
        line = f", line {found['line']}" if "line" in found.groupdict() else ""
        if "not utf-8" in text:
            return f"{found['file']}{line} is not UTF-8: save it as CSV UTF-8"
        return (
            f"{found['file']}{line}: a line has not as many values as the first one, or a quote is not "
            "closed: the file was cut off, or values with a separator stand without quotes; export it again"
        )
    text = _JSON_OBJECT.sub("An object", text)
    lines = (line.strip() for line in text.partition("\n\nLINE ")[0].splitlines())
    return " ".join(" ".join(line for line in lines if line.strip("^")).split()).rstrip(" .!?")
