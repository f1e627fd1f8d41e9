"""The errors of leverkit, each with its exit code.

LeverkitError                 1   the root: catch it to catch all
├── UsageError               64   a parameter, path or file that a person has to correct
├── KeyMissing               12   no key is set, and the demo account was not asked for
├── ApiError                  1   Lever answered, or did not: carries method, path, status, code
│   ├── AccessDenied         12   401 or 403: the key is wrong or lacks a permission
│   ├── Unreachable           1   no usable answer after all retries
│   └── Unreadable            1   JSON in another form than Lever documents, twice
├── Refused                   4   the plan is stale, edited, unapproved or of another account
├── BrakeTripped              5   the plan is larger than its brakes allow
├── Partial                   3   some operations failed, drifted, are gone, or were changed since
├── VerificationFailed        6   the account is not as the plan says, or outcomes are unknown
│   └── WritesFailed          6   nothing else is wrong than that Lever did not take these writes
├── Stopped                   8   stopped by a limit or by request; the same command resumes
└── Locked                   11   another writer holds the run or the account
"""

from __future__ import annotations

from collections.abc import Iterable

DIFFERENCES = 2  # the exit code of --detailed-exitcode where there are changes, findings or differences
INTERRUPTED = 130  # the exit code after Ctrl-C or SIGTERM


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean …?` for the known name that is most like this one; empty where none is."""
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def is_interrupt(error: BaseException) -> bool:
    """Return True for Ctrl-C, also for what DuckDB makes of one that comes during a query."""
    is_of_query = type(error) is RuntimeError and str(error) == "Query interrupted"
    return is_of_query or isinstance(error, KeyboardInterrupt)


def exit_code_of(error: BaseException) -> int:
    """Return the exit code of a command that an error ended."""
    if is_interrupt(error):
        return INTERRUPTED
    if hasattr(error, "format_message"):  # typer's usage errors, wherever its version keeps them
        return UsageError.exit_code
    return error.exit_code if isinstance(error, LeverkitError) else LeverkitError.exit_code


class LeverkitError(Exception):
    """Root of all errors of leverkit; `exit_code` is what a command ends with."""

    exit_code = 1

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook shows for this error: its message alone.

        IPython calls a method of this name, if an exception has it, instead of drawing a traceback.
        """
        return [f"{type(self).__name__}: {self}"]


class UsageError(LeverkitError):
    """A parameter, a path or an edited file that a person has to correct."""

    exit_code = 64


class KeyMissing(LeverkitError):
    """No key is set, and nobody asked for the demo account."""

    exit_code = 12


class ApiError(LeverkitError):
    """Lever refused a request, or gave no usable answer to it.

    `status` is None if no response came. `in_doubt`: the request may have had its effect, by an
    attempt before, or as the answer has no code of Lever's, so that a gateway may have given it.
    `request_id` finds the request in our log, and at Lever where Lever sends an id of its own.
    `code` is Lever's own ("Response codes" in https://hire.lever.co/developer/documentation). `lever_text`
    is what Lever wrote beside it, without the key. It may name people, so it is for debugging alone: it
    is in no message, file or log of ours.
    """

    in_doubt = False

    def __init__(
        self,
        message: str,
        *,
        method: str,
        path: str,
        status: int | None = None,
        code: str = "",
        advice: str = "",
        lever_text: str = "",
        request_id: str = "",
    ) -> None:
        self.method, self.path, self.status, self.code, self.advice = method, path, status, code, advice
        self.lever_text, self.request_id = lever_text, request_id
        answer = " ".join(part for part in (str(status or "no answer"), code) if part)
        asked = f"(request {request_id})" if request_id else ""
        super().__init__(f"{method} {path}: {answer}: {' '.join(filter(None, (message, advice, asked)))}")

    @property
    def means_no_access(self) -> bool:
        """Return True for 403 and 404, by either of which Lever keeps from a key what it may not read."""
        return self.status in (403, 404)


class AccessDenied(ApiError):
    """401 or 403: the key is wrong, revoked, or lacks a permission."""

    exit_code = 12


class Unreachable(ApiError):
    """No usable answer after all retries: network, time-out, 429 or 5xx that did not pass."""


class Unreadable(ApiError):
    """A read that was answered twice with JSON in another form than Lever documents: no network trouble."""


class Refused(LeverkitError):
    """A plan that is stale, edited, not approved, or of another account."""

    exit_code = 4


class BrakeTripped(LeverkitError):
    """A plan that is larger than its brakes allow; the message names the flag."""

    exit_code = 5


class Partial(LeverkitError):
    """A run that ended with operations failed, drifted or gone, or that others have undone since."""

    exit_code = 3


class VerificationFailed(LeverkitError):
    """An account that is not as the plan says, or operations with unknown outcome."""

    exit_code = 6


class WritesFailed(VerificationFailed):
    """An account that lacks only what Lever did not take: each write was answered with an error."""


class Stopped(LeverkitError):
    """A run stopped by a limit or by request; the same command resumes it."""

    exit_code = 8


class Locked(LeverkitError):
    """Another writer holds the run or the account."""

    exit_code = 11
