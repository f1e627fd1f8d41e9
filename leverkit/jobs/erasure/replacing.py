"""Put prepared files and folders in place of others, all of them or none, whatever is killed in between.

What is to be done is noted in ACCOUNT/ledger/forgetting.json once everything is prepared: from then on, the
next call does what is left of it.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

import msgspec

from leverkit.history.forget import forget
from leverkit.storage.files import make_folder, read, sync, write_atomic

STAGING = ".forgetting"  # beside what is replaced: a rename does not leave its disk


class Replacement(msgspec.Struct, frozen=True):
    """A file or folder, and what takes its place; it is removed where that is empty."""

    target: str
    draft: str = ""


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done: replacements, and what the ledger is to forget.

    `plans` and `digests` are the new ids of plans and hashes of snapshots, by the old ones.
    """

    replacements: tuple[Replacement, ...] = ()
    opportunities: frozenset[str] = frozenset()
    contacts: frozenset[str] = frozenset()
    plans: dict[str, str] = {}
    digests: dict[str, str] = {}


def draft_of(target: Path) -> Path:
    """Return where to prepare what takes the place of a file or folder; nothing is there yet."""
    draft = target.parent / STAGING / target.name
    _remove(draft)
    make_folder(draft.parent)
    return draft


def note(account_folder: Path, prepared: Prepared) -> None:
    """Note what is prepared, so that it is done whatever happens."""
    for each in prepared.replacements:
        _sync_all(Path(each.draft or each.target))
    write_atomic(_noted(account_folder), msgspec.json.encode(prepared))


def finish(account_folder: Path) -> int:
    """Do what is noted, or what is left of it; return how many rows the ledger lost."""
    noted = _noted(account_folder)
    if not noted.exists():
        return 0
    prepared = msgspec.json.decode(read(noted), type=Prepared)
    for each in prepared.replacements:
        target, draft = Path(each.target), Path(each.draft)
        if not each.draft or draft.exists():
            _remove(target)
        if each.draft and draft.exists():
            draft.replace(target)
        sync(target.parent)
    removed = forget(
        account_folder,
        prepared.opportunities,
        prepared.contacts,
        plans=prepared.plans,
        digests=prepared.digests,
    )
    noted.unlink()
    for half in noted.parent.glob(f".{noted.name}.*"):  # that a kill left while it was written
        half.unlink()
    for folder in {Path(each.target).parent for each in prepared.replacements}:
        shutil.rmtree(folder / STAGING, ignore_errors=True)
    return removed


def _noted(account_folder: Path) -> Path:
    return account_folder / "ledger" / "forgetting.json"


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    with suppress(FileNotFoundError):
        path.unlink()


def _sync_all(path: Path) -> None:
    for each in (*path.rglob("*"), path):
        sync(each)
