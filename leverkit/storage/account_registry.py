"""`accounts.json` in the workspace: the accounts that were opened here, and their ids at Lever."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from leverkit.errors import UsageError
from leverkit.storage import files
from leverkit.storage.lock import hold, user

NAME = "accounts.json"
WAIT = 10.0  # seconds for another process that writes it


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """A person's word that an account is the one that was known as `known`, and how many ids `agreed`."""

    known: str
    account: str
    account_ids: tuple[str, ...]
    agreed: str
    by: str = msgspec.field(default_factory=user)
    at: str = msgspec.field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))


class KnownAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account: the id that it was given first, which its folder and its lock bear, and its ids at Lever.

    `name` is what people call it, `also` are other ids under which plans and snapshots of it were made.
    """

    id: str
    host: str
    name: str = ""
    account_ids: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    confirmed: tuple[Confirmation, ...] = ()


class _Document(msgspec.Struct, frozen=True):
    format: int = 1
    accounts: tuple[KnownAccount, ...] = ()


def read_accounts(workspace: Path | None) -> tuple[KnownAccount, ...]:
    """Return the accounts that are known in a workspace, or have a folder there that tells what they are.

    Raises UsageError where their file is damaged.
    """
    if workspace is None:
        return ()
    known = _registered(workspace / NAME)
    ids = {each.id for each in known}
    found = (_in_snapshot(file) for file in sorted(workspace.glob("*/snapshot/snapshot.json")))
    return (*known, *(each for each in found if each and each.id not in ids))


def _registered(file: Path) -> tuple[KnownAccount, ...]:
    if not file.exists():
        return ()
    try:
        return msgspec.json.decode(files.read(file), type=_Document).accounts
    except (OSError, msgspec.MsgspecError) as error:
        raise UsageError(
            f"{file} cannot be read ({error}): bring it back from a copy, or move it away; accounts are then "
            "recognised by the ids in their snapshots and plans alone"
        ) from None


class _Snapshot(msgspec.Struct, frozen=True):
    account: str = ""
    base_url_host: str = ""
    account_name: str = ""
    account_ids: tuple[str, ...] = ()


def _in_snapshot(file: Path) -> KnownAccount | None:
    """Return what the snapshot in an account's own folder tells: an older leverkit kept no registry.

    None if it is damaged, or the folder is not an account's own, such as that of a job.
    """
    found = files.read_json(file, _Snapshot)
    if found is None or found.account != file.parent.parent.name:
        return None
    return KnownAccount(
        id=found.account,
        host=found.base_url_host,
        name=found.account_name,
        account_ids=found.account_ids,
    )


def account_folder(workspace: Path, account: str) -> Path:
    """Return an account's folder in a workspace, by any id that it is known by there. Raises UsageError."""
    if not account:
        raise UsageError("a copy does not tell whose account it is, so it has neither a folder nor a ledger")
    known = (each.id for each in read_accounts(workspace) if account in (each.id, *each.also))
    return workspace / next(known, account)


def keep_account(workspace: Path, account: KnownAccount) -> None:
    """Write an account into the registry, in place of what was known of it. Raises Locked, UsageError."""
    with hold(workspace / f"{NAME}.lock", purpose="note an account", wait=WAIT):
        others = tuple(known for known in _registered(workspace / NAME) if known.id != account.id)
        files.write_json(workspace / NAME, _Document(accounts=(*others, account)))
