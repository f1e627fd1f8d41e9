"""An account on disk: read, refreshed and opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leverkit.lazy_names import loader

if TYPE_CHECKING:
    from leverkit.snapshot.snapshot import Snapshot

__all__ = ["Snapshot"]
__getattr__ = loader(__name__, {"snapshot": ("Snapshot",)})
