"""How long an audit takes here, and how much memory: `make bench`.

`PYTHONPATH=tests python -m bench.bench_audit [OPPORTUNITIES…]` for other sizes than 100,000 and a million.

The account is made by DuckDB: people with one to five opportunities, 1,500 postings of which each
opportunity has five tags, 500 tags of people and candidacies. Each audit runs in a process of its own, so
that its memory is its own. `processor` is the time of all threads: other programs on the computer
lengthen it less than the time by the clock. The memory is read from /proc: what getrusage tells of a new
process includes the peak of the one that started it, which made the account.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

import duckdb
from support.snapshot_factory import COLUMNS, write_snapshot

_OPPORTUNITIES = """
    WITH person AS (
        SELECT p, hash(p) AS h, CASE WHEN hash(p) % 100 < 70 THEN 1 WHEN hash(p) % 100 < 90 THEN 2
                                ELSE 3 + hash(p, 1) % 3 END AS n
        FROM range(2 * $count) t(p)),
    place AS (SELECT p, h, unnest(range(n::BIGINT)) AS k FROM person),
    opp AS (
        SELECT *, hash(p, k, 7) AS r, hash(p, k, 8) % 1500 AS posting
        FROM place ORDER BY p, k LIMIT $count)
    SELECT printf('%08x-%04x-4000-8000-000000000000', p, k) AS id,
           printf('%08x-contact', h % 4294967296) || p AS contact,
           list_filter(['title ' || posting, 'team ' || posting % 40, 'department ' || posting % 9,
                        'town ' || posting % 12, 'full-time',
                        CASE WHEN h % 3 = 0 AND (k = 0 OR r % 2 = 0) THEN 'person ' || (h // 3 % 250) END,
                        CASE WHEN r % 4 = 0 THEN 'candidacy ' || (r // 4 % 250) END],
                       lambda x: x IS NOT NULL) AS tags,
           1600000000000 + (hash(p, k, 9) % 100000000000)::BIGINT AS created_at,
           CASE WHEN r % 4 = 1 THEN 1700000000000 END AS updated_at,
           CASE WHEN r % 5 < 3 THEN 1700000000000 END AS archived_at, NULL AS archive_reason,
           'stage-' || hash(p, k, 10) % 11 AS stage, ['posting-' || posting] AS postings,
           ['applied', 'sourced', 'referred'][1 + (hash(p, k, 11) % 3)::INTEGER] AS origin,
           ['source ' || hash(p, k, 12) % 8] AS sources, 'user-' || hash(p, k, 13) % 40 AS owner,
           'non-confidential' AS confidentiality,
           false AS is_anonymized, NULL AS last_advanced_at
    FROM opp ORDER BY id"""
_POSTINGS = """
    SELECT 'posting-' || n AS id, 'title ' || n AS text, 'published' AS state, 'team ' || n % 40 AS team,
           'department ' || n % 9 AS department, 'town ' || n % 12 AS location, []::VARCHAR[] AS locations,
           'full-time' AS commitment, NULL AS level, []::VARCHAR[] AS tags,
           'non-confidential' AS confidentiality, 1600000000000 AS created_at, 1600000000000 AS updated_at
    FROM range(1200) t(n)"""
_AUDIT = """
import sys, time
from pathlib import Path
import duckdb, pandas
from leverkit.analysis.audit import audit
from leverkit.policy.policy import Policy

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024

began = time.perf_counter()
facts = audit(sys.argv[1])
audited = time.perf_counter() - began
busy = time.process_time()
policy = Policy.suggest(facts)
suggested = time.perf_counter() - began - audited
before = peak()
facts.to_html(sys.argv[1] + ".html", policy=policy)
written = time.perf_counter() - began - audited - suggested
print(f"| {facts.summary['opportunities']:,} | {facts.summary['taggings']:,} | {len(facts.tags):,} "
      f"| {audited:.1f} s | {busy:.1f} s | {suggested:.1f} s | {before:,.0f} MB "
      f"| {written:.1f} s | {peak():,.0f} MB |")
"""


def write_large(folder: Path, count: int) -> None:
    """Write a snapshot of so many opportunities."""
    write_snapshot(folder, [])
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        for name, query in (("opportunities", _OPPORTUNITIES), ("postings", _POSTINGS)):
            columns = [column.strip().split(" ", 1) for column in COLUMNS[name].split(",")]
            cast = ", ".join(f"{column}::{kind} AS {column}" for column, kind in columns)
            source = query.replace("$count", str(count))
            connection.execute(f"COPY (SELECT {cast} FROM ({source})) TO '{folder / name}.parquet'")
    seal(folder, opportunities=count)


def seal(folder: Path, **counts: int) -> None:
    """Write the hashes of the tables, and how many rows they have, into snapshot.json."""
    about = json.loads((folder / "snapshot.json").read_text())
    about["counts"] |= counts
    about["files"] = {path.name: sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.parquet")}
    (folder / "snapshot.json").write_text(json.dumps(about))


def main(counts: list[int]) -> None:
    """Audit an account of each size once."""
    columns = "opportunities", "taggings", "tags", "audit", "processor", "suggestions", "peak memory"
    print(f"| {' | '.join((*columns, 'report', 'with it'))} |")
    print("| --- " * 9 + "|", flush=True)
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            write_large(Path(folder) / "s", count)
            subprocess.run([sys.executable, "-c", _AUDIT, str(Path(folder) / "s")], check=True)


if __name__ == "__main__":
    main([int(count.replace("_", "")) for count in sys.argv[1:]] or [100_000, 1_000_000])
