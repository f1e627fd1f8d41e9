"""Snapshots out of warehouse copies: made, compared with Lever's own tag counts, bound to an account."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from leverkit.api.auth import Secret
from leverkit.errors import LeverkitError, UsageError
from leverkit.settings import Settings, connect
from leverkit.snapshot.snapshot import Snapshot
from leverkit.snapshot.warehouse.clear_errors import NO_PASSWORD
from leverkit.snapshot.warehouse.reading import read_copy
from leverkit.snapshot.warehouse.refreshing import refresh
from leverkit.storage.account_registry import read_accounts


def pull_copy(
    out: Path | str,
    uri: str,
    shape: str,
    *,
    settings: Settings,
    schema: str = "",
    only: str = "",
    sql: Path | None = None,
    password: Secret = NO_PASSWORD,
) -> Snapshot:
    """Read a copy into the folder `out` as `read_copy` does; without a key nothing is asked of Lever.

    Where Lever's tag counts cannot be had, the snapshot is made without them, and says so. Raises UsageError
    also for the folder in which the readings of an account itself are.
    """
    _require_elsewhere(Path(out), settings.home)
    now_ms, listed = time.time_ns() // 1_000_000, _tag_counts(settings)
    return read_copy(
        out,
        uri,
        shape,
        now_ms=now_ms,
        schema=schema,
        only=only,
        sql=sql,
        password=password,
        listed=listed,
    )


def _require_elsewhere(out: Path, home: Path) -> None:
    """Raise UsageError for an account's own snapshot: its next reading would be refused there."""
    place = out.expanduser().resolve()
    for known in read_accounts(home.expanduser()):
        if place == (home.expanduser() / known.id / "snapshot").resolve():
            raise UsageError(
                f"{out} is for readings of Lever itself: choose another folder for the copy, such as "
                f"{out.parent / 'copy'}"
            )


@contextmanager
def bound_to_account(snapshot: Snapshot, tags: Collection[str], settings: Settings) -> Iterator[Snapshot]:
    """Yield a snapshot out of a copy as of the account that the key opens, for a plan about these tags.

    See `refresh`. Raises KeyMissing, Refused, ApiError, Unreachable.
    """
    settings.require_key()
    with connect(settings=settings) as lever, TemporaryDirectory(prefix="leverkit-") as place:
        yield refresh(snapshot, lever, tags, Path(place) / "snapshot")


def _tag_counts(settings: Settings) -> dict[str, int] | None:
    """Return Lever's tag counts; None where no key is set, or Lever does not answer it."""
    if settings.key is None:
        return None
    try:
        with connect(settings=settings) as lever:
            return lever.tag_counts()
    except LeverkitError as error:
        print(f"note: not compared with Lever's own tag counts: {error}", file=sys.stderr)
        return None
