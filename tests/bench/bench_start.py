"""How long leverkit takes to start, beyond Python itself: `make bench`. Medians of ten, in milliseconds."""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median

TIMES = 10


def milliseconds(*words: str) -> float:
    """Return the median time of a Python process with these arguments."""
    return median(_once(words) for _ in range(TIMES))


def main() -> None:
    """Print both medians; Python's own start is subtracted from the import alone."""
    python = milliseconds("-c", "pass")
    print(f"import leverkit  {milliseconds('-c', 'import leverkit') - python:6.0f} ms beyond Python's start")
    print(f"leverkit --help  {milliseconds('-m', 'leverkit', '--help'):6.0f} ms in all")


def _once(words: tuple[str, ...]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *words], check=True, capture_output=True)
    return 1000 * (time.perf_counter() - began)


if __name__ == "__main__":
    main()
