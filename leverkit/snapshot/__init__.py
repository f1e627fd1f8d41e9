"""An account on disk: read, refreshed and opened."""

from leverkit.snapshot.snapshot import Snapshot

__all__ = ["Snapshot"]
