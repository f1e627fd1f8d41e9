"""Pack the folders of old runs, each into one file in its place with its journal, and read them there."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from leverkit.errors import LeverkitError, UsageError
from leverkit.migration.run import Run
from leverkit.planning.run_folder import JOURNAL, PACKED, lock_file
from leverkit.planning.waves import ALL
from leverkit.storage.files import PRIVATE, read, sync
from leverkit.storage.lock import hold

REMOVED = ".packed"  # of the name of a folder that is being removed


def pack_runs(folders: Iterable[Path], older_than_ms: int) -> list[Path]:
    """Pack those of these run folders whose plans rest on a reading before a time (ms); return the files.

    A run that is not at its end, or that somebody works on, stays as it is. `tar -xzf` brings a folder back.
    """
    found = sorted(folders)
    for parent in {folder.parent for folder in found}:
        for half in parent.glob(f".*{REMOVED}"):  # that a kill left
            shutil.rmtree(half)
    return [_packed(folder) for folder in found if _is_old(folder, older_than_ms)]


def _is_old(folder: Path, older_than_ms: int) -> bool:
    try:
        if (folder / "plan.json").stat().st_mtime * 1000 >= older_than_ms:  # a receiver leaves thousands
            return False
        run = Run.planned(folder)
        if run.plan.taken_at >= older_than_ms:
            return False
        if not run.journal_file.exists():
            return True
        with hold(run.lock_file, purpose="look whether it can be packed"):
            opened = Run.open(folder)
        return opened.is_settled(opened.wave(ALL))
    except (LeverkitError, OSError):  # in use, or no folder of a run, or damaged: a person has to look
        return False


def _packed(folder: Path) -> Path:
    """Put a folder into one file, and remove it once its journal can be read from there.

    It gets another name first: half of a folder, as a kill leaves it, would hide the file.
    """
    packed, draft = packed_file(folder), folder.with_name(f".{folder.name}.tmp")
    with hold(lock_file(folder), purpose="pack the run"):
        write_archive(folder, draft)
        draft.replace(packed)
        sync(packed.parent)
    shutil.rmtree(folder.replace(folder.with_name(f".{folder.name}{REMOVED}")))
    return packed


def packed_file(folder: Path) -> Path:
    """Return where a run folder is when it is packed."""
    return folder.with_name(folder.name + PACKED)


def unpacked(archive: Path, folder: Path) -> Run:
    """Unpack a run into a folder and open it. Raises UsageError where the archive is no run's, or damaged."""
    try:
        with tarfile.open(archive) as opened:
            opened.extractall(folder, filter="data")
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise UsageError(f"{archive}: cannot be unpacked: {error}") from None
    return Run.open(folder / archive.name.removesuffix(PACKED))


@contextmanager
def opened_run(folder: Path) -> Iterator[Run]:
    """Open the run that is, or was packed, at a folder. Raises as `Run.open` and `unpacked`."""
    if folder.is_dir() or not packed_file(folder).exists():
        yield Run.open(folder)
        return
    with tempfile.TemporaryDirectory(prefix="leverkit-") as place:
        yield unpacked(packed_file(folder), Path(place))


def write_archive(folder: Path, path: Path) -> None:
    """Write a folder into an archive, new. Raises LeverkitError unless its journal can be read from there."""
    journal = folder / JOURNAL
    path.unlink(missing_ok=True)
    path.touch(PRIVATE)
    with tarfile.open(path, "w:gz") as archive:
        archive.add(folder, arcname=folder.name)
    if journal.exists():
        _require_equal(path, f"{folder.name}/{JOURNAL}", journal)
    sync(path)


def _require_equal(archive: Path, name: str, original: Path) -> None:
    with tarfile.open(archive, "r:gz") as opened:
        member = opened.extractfile(name)
        if member is None or member.read() != read(original):
            raise LeverkitError(f"{archive}: {name} is not in it as it was; the folder stays")
