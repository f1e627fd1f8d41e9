"""Write files that survive kills and power cuts, for their owner alone; identify content by its sha256.

A folder may be another's, who can prepare links in it: no file is opened for writing through a link.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import sqlite3
import stat
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import IO, TypeVar

import msgspec

from leverkit.errors import UsageError

T = TypeVar("T")
PRIVATE = 0o600  # mode of data: for its owner alone
SHARED = 0o666  # mode of what a person names to share: the umask says with whom
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):/", re.IGNORECASE)  # a drive of Windows has one letter
NO_SYNC = (errno.EACCES, errno.EINVAL, errno.ENOTSUP)  # Windows opens no folder; some file systems sync none


_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def write_atomic(path: Path, content: bytes, *, mode: int = PRIVATE) -> None:
    """Write a file, in a new folder if needed; a reader sees the old content or the new, never a part.

    It is on disk when this returns. Raises OSError, which names the file.
    """
    make_folder(path.parent, private=mode == PRIVATE)
    draft = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    with naming(path):
        try:
            with create(draft, mode=mode) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    sync(path.parent)


def write_json(path: Path, value: object, *, mode: int = PRIVATE) -> None:
    """Write a value as indented JSON, as `write_atomic` does."""
    write_atomic(path, json_text(value), mode=mode)


def json_text(value: object) -> bytes:
    """Return a value as indented JSON that ends with a newline."""
    return msgspec.json.format(msgspec.json.encode(value)) + b"\n"


def read_json(path: Path, type_: type[T]) -> T | None:
    """Read a JSON file as a type; None where there is none that can be used."""
    try:
        return msgspec.json.decode(read(path), type=type_)
    except (OSError, msgspec.MsgspecError):
        return None


def create(path: Path, *, mode: int = PRIVATE) -> IO[bytes]:
    """Open a new file for writing, in place of one of that name; its descriptor can be read, too."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_LINK, mode), "wb")


def read(path: Path) -> bytes:
    """Return the content of a file. Raises OSError, for a FIFO too, in whose reading a command would hang."""
    with open_for_reading(path) as file:
        return file.read()


def open_for_reading(path: Path) -> BufferedReader:
    """Open a regular file for reading. Raises OSError, also for anything else of that name."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raise OSError(errno.EINVAL, "it is no regular file", str(path))


def mode_of(path: Path) -> int:
    """Return the mode that the owner gave to a file that people edit; PRIVATE for a new file."""
    with suppress(OSError):
        found = path.lstat()
        if stat.S_ISREG(found.st_mode) and found.st_uid == getattr(os, "getuid", lambda: 0)():
            return found.st_mode & 0o777
    return PRIVATE


def open_private(path: Path, flags: int = os.O_RDWR) -> int:
    """Open a file for writing, create it if needed, and return its descriptor. Raises OSError for a link."""
    return os.open(path, flags | os.O_CREAT | _NO_LINK, PRIVATE)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Add the name of a file to errors that have none, such as that of a full disk."""
    try:
        yield
    except Exception as error:
        if isinstance(error, OSError | sqlite3.Error) and not getattr(error, "filename", None):
            error.filename = str(path)  # type: ignore[union-attr]
        raise


def make_folder(folder: Path, *, private: bool = True) -> None:
    """Make a folder and its parents where they are missing; they are on disk when this returns.

    Raises UsageError for the address of a store.
    """
    require_local(folder)
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(0o700 if private else 0o777, exist_ok=True)
        sync(each.parent)
    folder.mkdir(exist_ok=True)


def require_local(path: Path) -> None:
    """Raise UsageError for an address such as s3://bucket/jobs, which would make a folder of that name."""
    if scheme := _SCHEME.match(path.as_posix()):
        raise UsageError(f"leverkit reads and writes files in folders; {scheme[1]}:// is none: copy them")


def sync(path: Path) -> None:
    """Write to the disk what is still in memory: a file's content, or the names in a folder."""
    is_folder = path.is_dir()
    try:
        descriptor = os.open(path, os.O_RDONLY if is_folder else os.O_RDWR)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if not is_folder or error.errno not in NO_SYNC:
            raise


def digest(value: object) -> str:
    """Return the sha256 (hex) of a value's canonical JSON: keys sorted, no spaces, UTF-8."""
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()


def digest_with_rows(value: Mapping[str, object], rows: Iterable[object]) -> str:
    """Return `digest(value | {"rows": [*rows]})` with one row at a time in memory; "rows" must sort last."""
    encode = msgspec.json.Encoder(order="deterministic").encode
    found = hashlib.sha256(encode(value)[:-1] + b',"rows":[')
    for number, row in enumerate(rows):
        found.update(b"," * bool(number) + encode(row))
    found.update(b"]}")
    return found.hexdigest()


def fingerprint(file: Path) -> str:
    """Return the sha256 (hex) of a file's content."""
    with open_for_reading(file) as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
