"""Time and memory of reading a large copy.

`PYTHONPATH=tests python -m bench.bench_copies [OPPORTUNITIES]`
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from leverkit.snapshot.warehouse.reading import read_copy

TABLES = """
    CREATE TABLE opportunity AS
    SELECT uuid()::VARCHAR AS id, md5((i // 1.45)::INTEGER::VARCHAR) AS contact, 'lead-new' AS stage_id,
           now() - INTERVAL 1 DAY * (i % 1000) AS created_at,
           CASE WHEN i % 4 = 0 THEN now() END AS updated_at,
           'applied' AS origin, false AS is_anonymized, now() AS _fivetran_synced
    FROM range({opportunities}) AS numbers(i);
    CREATE TABLE opportunity_tag AS
    SELECT id AS opportunity_id, 'tag ' || ((hash(id) + k) % 300) AS tags
    FROM opportunity, range(4) AS four(k);
    CREATE TABLE application AS
    SELECT id AS opportunity_id, 'posting ' || (hash(id) % 500) AS posting_id FROM opportunity;
    CREATE TABLE posting AS SELECT DISTINCT posting_id AS id, posting_id AS text FROM application"""


def main(opportunities: int) -> None:
    """Make a copy as Fivetran does, read it, and print how long that took."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "copy.duckdb"
        with duckdb.connect(str(file)) as db:
            db.execute(TABLES.format(opportunities=opportunities))
        began, used = time.monotonic(), time.process_time()
        read_copy(Path(place) / "snapshot", str(file), "fivetran", now_ms=time.time_ns() // 1_000_000)
        took, used = time.monotonic() - began, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{opportunities:,} opportunities: {took:.0f} s, {used:.0f} s of processor time, {peak:,} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
