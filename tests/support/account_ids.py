"""What people and time do to the ids by which an account is recognised."""

from __future__ import annotations

from uuid import uuid4

from leverkit.emulator import Running


def add_reason(account: Running) -> None:
    """Add an archive reason, as people do in Lever's settings."""
    reason = {"id": str(uuid4()), "text": "Position closed", "status": "active", "type": "non-hired"}
    account.do(lambda state: state.archive_reasons.append(reason))


def replace_reasons(account: Running) -> None:
    """Replace all archive reasons by others of the same names."""

    def replace(state: object) -> None:
        reasons = state.archive_reasons  # type: ignore[attr-defined]
        reasons[:] = [{**reason, "id": str(uuid4())} for reason in reasons]

    account.do(replace)


def remove_reasons(account: Running) -> None:
    """Remove all archive reasons."""
    account.do(lambda state: state.archive_reasons.clear())
