"""Put the tables of a snapshot into place, and `snapshot.json`, which describes them, last."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from leverkit.api.account import Account
from leverkit.snapshot.completeness import Difference
from leverkit.snapshot.snapshot import FORMAT
from leverkit.snapshot.tables import OPPORTUNITIES, LeftOut
from leverkit.storage.files import fingerprint, sync, write_atomic

META = "snapshot.json"

COLUMNS = list(OPPORTUNITIES)
NO_ACCOUNT: Mapping[str, Any] = {
    "account": "",
    "account_ids": [],
    "account_name": "",
    "base_url_host": "",
    "demo": False,
}
_version = cache(version)  # which reads a file each time


def account_facts(account: Account, id: str = "") -> dict[str, Any]:
    """Return what `snapshot.json` says of the account; `id` is the one that it is known by."""
    return {
        "account": id or account.id,
        "account_ids": account.ids("stage"),
        "account_name": account.name,
        "base_url_host": account.host,
        "demo": account.label.demo,
    }


def publish(
    folder: Path,
    files: Iterable[Path],
    *,
    account: Mapping[str, Any] = NO_ACCOUNT,
    window: Mapping[str, int],
    counts: Mapping[str, int],
    tags_agree: bool | None,
    different: Sequence[Difference],
    left_out: Sequence[LeftOut],
    not_seen: Iterable[str],
    more: Mapping[str, Any] | None = None,
) -> None:
    """Move the files into place and describe them in `snapshot.json`.

    `window` is when reading began and ended (ms since epoch). `tags_agree` is None where Lever's counts of
    tags are not known. `more` is what only some snapshots tell.
    """
    hashes = {}
    for file in files:
        final = file.with_suffix(".parquet")
        hashes[final.name] = fingerprint(file)
        sync(file)
        file.replace(final)
    meta = {
        "format": FORMAT,
        **account,
        "window": window,
        "complete": True,
        "counts": counts,
        "columns": COLUMNS,
        "completeness": {"tags_agree": tags_agree, "differences": different},
        "left_out": left_out,
        "not_seen": list(not_seen),
        "files": hashes,
        "versions": {name: _version(name) for name in ("leverkit", "duckdb")},
        **(more or {}),
    }
    write_meta(folder, meta)


def write_meta(folder: Path, meta: Mapping[str, Any]) -> None:
    """Write snapshot.json into a folder, in one step."""
    write_atomic(folder / META, (json.dumps(meta, indent=1, ensure_ascii=False) + "\n").encode())
