"""The notebooks themselves: in a checkout in notebooks/, in an installed package in pages/ here."""

from __future__ import annotations

from pathlib import Path

from leverkit.errors import UsageError
from leverkit.storage.files import make_folder, write_atomic

HERE = Path(__file__).parent
PLACES = (HERE / "pages", HERE.parent.parent / "notebooks")


def folder() -> Path:
    """Return the folder of the notebooks. Raises UsageError if it was removed."""
    found = next((place for place in PLACES if (place / "30_migrate.ipynb").exists()), None)
    if found is None:
        raise UsageError(f"the notebooks are not where they belong, {' or '.join(map(str, PLACES))}")
    return found


def copy_into(target: Path) -> list[Path]:
    """Copy the notebooks into a folder and return their paths; those that are there already are left alone.

    Raises UsageError if one is there with another content.
    """
    pairs = [(page, target / page.name) for page in sorted(folder().glob("*.ipynb"))]
    changed = [copy.name for page, copy in pairs if copy.exists() and copy.read_bytes() != page.read_bytes()]
    if changed:
        raise UsageError(f"{target} has {', '.join(changed)} with another content: choose another folder")
    make_folder(target)
    for page, copy in pairs:
        write_atomic(copy, page.read_bytes())
    return [copy for _, copy in pairs]
