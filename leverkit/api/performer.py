"""The user in whose name tags are written, as LEVER_PERFORM_AS names it: by id or by e-mail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from leverkit.api.models import User
from leverkit.errors import AccessDenied, ApiError, UsageError


def id_by_email(email: str, find: Callable[[str], User | None]) -> str:
    """Return the id of the active user with this e-mail.

    Raises UsageError where there is none or the key may not read users, ApiError, Unreachable.
    """
    try:
        found = find(email)
    except AccessDenied as error:
        if error.status == 401:
            raise
        text = "LEVER_PERFORM_AS is an e-mail and the key may not read users: name the user's id instead"
        raise UsageError(text) from None
    if found is None:
        raise UsageError("LEVER_PERFORM_AS names an e-mail that no active user of this account has")
    return found.id


def check_id(user: str, get: Callable[..., Any]) -> None:
    """Raise UsageError where the account has no user of this id.

    A key that may not read users cannot tell: then nothing is raised. Raises ApiError, Unreachable.
    """
    try:
        get(f"/users/{quote(user, safe='')}", type=User)
    except ApiError as error:
        if error.status in (400, 404):
            raise UsageError("LEVER_PERFORM_AS names an id that no user of this account has") from None
        if error.status != 403:
            raise
