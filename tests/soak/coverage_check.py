"""Compare the branch coverage just measured with what is promised; exit 1 if it is less.

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
    "api/contacts", "api/listings/filters", "api/listings/personal", "api/rate_limit",
    "api/requests/exchange", "api/requests/reading", "api/responses", "api/shared_rate_limit",
    "migration/apply",
    "migration/journal", "migration/next_step", "migration/outcomes", "migration/rollback", "migration/run",
    "migration/stop", "migration/writer",
    "planning/brakes", "planning/canary", "planning/planner", "planning/waves", "storage/lock",
    "verification/replay", "verification/tag_counts", "verification/verify",
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
    modules = {Path(name).as_posix(): module for name, module in found["files"].items()}
    wanted = {name: modules[f"leverkit/{name}.py"] for name in WHOLLY}
    short = {name: module for name, module in wanted.items() if module["summary"]["percent_covered"] < 100}
    for name, module in short.items():
        print(
            f"{name}: lines {module['missing_lines']}, branches {module['missing_branches']} are not reached"
        )
    total = found["totals"]["percent_covered"]
    print(f"{total:.1f}% of lines and branches; {len(WHOLLY) - len(short)} of {len(WHOLLY)} modules wholly")
    sys.exit(1 if short or total < OVERALL else 0)


if __name__ == "__main__":
    main()
