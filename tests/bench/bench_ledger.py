"""How long it takes to bring the ledger up to date and to ask it, and how large it is: `make bench`.

`PYTHONPATH=tests python -m bench.bench_ledger [OPPORTUNITIES…]` for other sizes than 100,000 and a million.
The account is that of bench_audit; between the two readings one opportunity in a hundred gains a tag, and one
in a thousand loses one. Each reading is taken in by a process of its own; `processor` is its time on all
threads, which other programs on the computer lengthen less.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
from bench.bench_audit import seal, write_large

_CHANGED = """
    SELECT * REPLACE (CASE WHEN hash(id) % 100 = 0 THEN list_append(tags, 'new')
                           WHEN hash(id) % 1000 = 1 THEN tags[2:] ELSE tags END AS tags)
    FROM '{file}' ORDER BY id
"""
_UPDATE = """
import resource, sys, time
from pathlib import Path
from leverkit.jobs.ledger import update_ledger
from leverkit.snapshot.snapshot import Snapshot
account, snapshot = Path(sys.argv[1]), Snapshot.open(sys.argv[2])
began = time.perf_counter()
found = update_ledger(account, snapshot)
took, busy = time.perf_counter() - began, time.process_time()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
size = sum(path.stat().st_size for path in (account / "ledger").iterdir()) / 1e6
((rows,),) = snapshot.sql("SELECT count(*) FROM opportunities").fetchall()
print(f"| {rows:,} | {found.number} | {sum(found.counts.values()):,} "
      f"| {took:.1f} s | {busy:.1f} s | {size:,.0f} MB | {peak:,.0f} MB |")
"""
_ASK = """
import sys, time
from pathlib import Path
began = time.perf_counter()
from leverkit.jobs.changes import changes
found = changes(sys.argv[2])
page = found.to_html(Path(sys.argv[1]) / "changes.html")
took = time.perf_counter() - began
print(f"changes, imports and page: {took:.1f} s (processor {time.process_time():.1f} s), "
      f"{len(found.taggings):,} taggings, {len(found.splits):,} splits, {page.stat().st_size / 1000:,.0f} kB")
"""


def main(counts: list[int]) -> None:
    """Take in two readings of an account of each size."""
    print("| opportunities | reading | changes | time | processor | ledger | peak memory |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for count in counts:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_large(folder / "snapshot", count)
            _run(_UPDATE, folder)
            _change(folder / "snapshot")
            _run(_UPDATE, folder)
            _run(_ASK, folder)


def _run(program: str, folder: Path) -> None:
    words = [sys.executable, "-c", program, str(folder), str(folder / "snapshot")]
    print(subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip(), flush=True)


def _change(snapshot: Path) -> None:
    file, fresh = snapshot / "opportunities.parquet", snapshot / "fresh"
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"COPY ({_CHANGED.format(file=file)}) TO '{fresh}' (FORMAT parquet)")
    fresh.replace(file)
    about = json.loads((snapshot / "snapshot.json").read_text())
    about["window"]["started_at"] += 86_400_000
    (snapshot / "snapshot.json").write_text(json.dumps(about))
    seal(snapshot)


if __name__ == "__main__":
    main([int(text) for text in sys.argv[1:]] or [100_000, 1_000_000])
