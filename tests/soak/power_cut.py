"""What a power cut leaves: of each file what was synced last, of each folder the names it had when it was.

The library power_cut.c, loaded into the process, keeps both in a shadow folder and ends the process before
its n-th sync, rename or removal. This is stricter than disks are: they may have written more. So `restore`
can also let a share of the files and folders be as they were when the process ended.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

LAST = 0  # never cut


def library(folder: Path) -> Path:
    """Compile the library; skip the test where that cannot be done."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None or not Path("/proc/self/fd").exists():
        print("skipped: a power cut needs a C compiler and Linux")
        pytest.skip("a power cut needs a C compiler and Linux")
    made = folder / "power_cut.so"
    source = Path(__file__).with_suffix(".c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", made, source, "-ldl", "-lpthread"], check=True)
    return made


def remember(root: Path, shadow: Path) -> None:
    """Note that all that is in `root` now was synced."""
    for name in ("files", "folders", "pins"):
        (shadow / name).mkdir(parents=True)
    for folder, _, files in os.walk(root):
        found = [entry for entry in os.scandir(folder) if not entry.is_symlink()]
        lines = [f"{e.inode()} {'folder' if e.is_dir() else 'file'} {e.name}\n" for e in found]
        (shadow / "folders" / str(os.stat(folder).st_ino)).write_text("".join(lines))
        for name in files:
            path = Path(folder, name)
            number = str(path.stat().st_ino)
            shutil.copyfile(path, shadow / "files" / number)
            os.link(path, shadow / "pins" / number)


def events(shadow: Path) -> int:
    """Return how many syncs, renames and removals there were."""
    return (shadow / "events").stat().st_size


def restore(root: Path, shadow: Path, into: Path, *, chance: float = 0.0, dice: random.Random) -> None:
    """Make in `into` what is left of `root`; with `chance`, a file or folder is as it was at the end."""
    folders = {os.stat(folder).st_ino: Path(folder) for folder, _, _ in os.walk(root)}

    def names(inode: int) -> list[tuple[int, str, str]]:
        if inode in folders and dice.random() < chance:
            entries = os.scandir(folders[inode])
            return [(e.inode(), "folder" if e.is_dir() else "file", e.name) for e in entries]
        listing = shadow / "folders" / str(inode)
        lines = listing.read_text().splitlines() if listing.exists() else []
        found = [line.split(" ", 2) for line in lines]
        return [(int(number), kind, name) for number, kind, name in found]

    def content(inode: int, now: Path) -> bytes:
        if dice.random() < chance:
            source = shadow / "pins" / str(inode)
            return (source if source.exists() else now).read_bytes()
        kept = shadow / "files" / str(inode)
        return kept.read_bytes() if kept.exists() else b""

    def build(inode: int, target: Path) -> None:
        target.mkdir()
        for number, kind, name in names(inode):
            if kind == "folder":
                build(number, target / name)
            else:
                (target / name).write_bytes(content(number, folders.get(inode, target) / name))

    build(os.stat(root).st_ino, into)
