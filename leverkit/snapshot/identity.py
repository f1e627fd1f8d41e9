"""Whether the account that a pull reads is the one that its folder holds."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from leverkit.api.account import Account
from leverkit.errors import LeverkitError, UsageError
from leverkit.storage.account_registry import Confirmation
from leverkit.storage.files import read


class Recognised(msgspec.Struct, frozen=True):
    """The id that an account was given first, and a person's word for it if that was needed."""

    id: str
    confirmed: Confirmation | None = None

    def remember(self, account: Account) -> None:
        """Note in the workspace by what it is recognised; where that fails, its snapshots tell."""
        try:
            account.remember(self.id, confirmed=self.confirmed)
        except (LeverkitError, OSError) as error:
            print(f"note: the account is known by its snapshots and plans alone: {error}", file=sys.stderr)


def recognise(account: Account, begun: Mapping[str, str], folder: Path, *, same_account: bool) -> Recognised:
    """Compare an account with that of a pull that was begun, or of the snapshot in the folder.

    `same_account`: a person says that a doubtful one is the same; without a snapshot, the one that the
    workspace knows. Raises Refused.
    """
    known = _known_in(begun, folder)
    if not known and same_account and (doubtful := account.doubtful()):
        known = doubtful[0].id, doubtful[0].account_ids, doubtful[0].host
    if not known:
        return Recognised(account.id)
    confirmed = account.require_same(
        *known,
        what=f"{folder}: the snapshot",
        else_="pull into another folder",
        same_account=same_account,
    )
    return Recognised(known[0], confirmed)


def _known_in(begun: Mapping[str, str], folder: Path) -> tuple[str, tuple[str, ...], str] | None:
    """Return id, known ids and host of the account of a pull, or of the snapshot, even a damaged one.

    Raises UsageError where that is one out of a copy.
    """
    if "account" in begun:
        return begun["account"], tuple(begun.get("account_ids", "").split()), begun.get("host", "")
    try:
        meta = json.loads(read(folder / "snapshot.json"))
        if "copy" in meta:
            raise UsageError(
                f"{folder} holds a snapshot out of a copy: pull into another folder, or move it away"
            )
        return str(meta["account"]), tuple(meta.get("account_ids", ())), str(meta.get("base_url_host", ""))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
