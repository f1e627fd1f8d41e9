"""Hold the branch coverage that was just measured against what is promised; exit 1 where it is less.

`make coverage` measures: all tests but soak and browser, with the processes that they start.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import coverage

OVERALL = 95.0  # per cent of lines and branches of the package
WHOLLY = (
    "plan", "journal", "apply", "verify", "rollback", "writer", "outcomes", "gate", "waves", "replay", "halt",
    "lock", "budget", "pacing", "conservation", "advice", "since", "reading", "brakes", "decoding",
)  # fmt: skip


def measured() -> dict[str, Any]:
    """Return coverage's own report on the data file in this folder."""
    data = coverage.Coverage()
    data.load()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "coverage.json"
        data.json_report(outfile=str(file))
        document: dict[str, Any] = json.loads(file.read_bytes())
    return document


def main() -> None:
    """Print what is less than promised, and the figures."""
    found = measured()
    rooms = {Path(name).as_posix(): each for name, each in found["files"].items()}
    short = [name for name in WHOLLY if rooms[f"leverkit/{name}.py"]["summary"]["percent_covered"] < 100]
    for name in short:
        each = rooms[f"leverkit/{name}.py"]
        print(f"{name}: lines {each['missing_lines']}, branches {each['missing_branches']} are not reached")
    total = found["totals"]["percent_covered"]
    print(f"{total:.1f} % of lines and branches; {len(WHOLLY) - len(short)} of {len(WHOLLY)} rooms wholly")
    sys.exit(1 if short or total < OVERALL else 0)


if __name__ == "__main__":
    main()
