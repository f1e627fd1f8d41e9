"""Take opportunities out of a snapshot: the files that are to take the place of two of its own."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from leverkit.snapshot.publishing import write_meta
from leverkit.snapshot.snapshot import Snapshot, database
from leverkit.snapshot.tables import size, write_without
from leverkit.storage.files import fingerprint

TABLE = "opportunities.parquet"


def without(snapshot: Snapshot, ids: Collection[str], folder: Path) -> Snapshot:
    """Write the two files of a snapshot that change without these opportunities into another folder.

    Return the snapshot as it will be, in its own folder.
    """
    with database() as db:
        table = write_without(db, folder, snapshot.path / TABLE, sorted(ids)).replace(folder / TABLE)
        rows = size(db, table)
    files = snapshot.meta["files"] | {TABLE: fingerprint(table)}
    meta = snapshot.meta | {"files": files, "counts": snapshot.meta["counts"] | {"opportunities": rows}}
    write_meta(folder, meta)
    return Snapshot(snapshot.path, meta)
