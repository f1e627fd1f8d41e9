"""The folder of an older version: snapshot, policy, a run that a limit stopped, the same run finished.

`account/` is the emulated account as it was when the run stopped. Nothing writes the folder anew: it shows
that what an older version left behind still opens.
"""

from __future__ import annotations

from typing import Any

from contract import flow, surface

HERE = surface.HERE / "old_run"


def facts() -> dict[str, Any]:
    """Return what status says about the recorded runs, but for where they are."""
    return {
        name: flow.document("status", str(HERE / name)) | {"next": ""} for name in ("stopped", "finished")
    }
