"""An account on disk: four Parquet files and `snapshot.json`, queried in SQL.

It holds no names, e-mails, phones or links, because they are not requested.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from leverkit.errors import UsageError
from leverkit.report.anonymisation import PersonDisplay
from leverkit.report.text import count
from leverkit.snapshot import details
from leverkit.snapshot.selection import WHOLE, Part, narrowed
from leverkit.snapshot.tables import literal
from leverkit.storage.files import fingerprint, read
from leverkit.storage.table_file import write_frame

if TYPE_CHECKING:
    from typing import TypeAlias

    import duckdb
    import pandas as pd

    Database: TypeAlias = duckdb.DuckDBPyConnection

FORMAT = 1
TABLES = ("opportunities", "postings", "tags", "stages")


def database(memory_limit: str = "2GB") -> Database:
    """Open an empty DuckDB database; it spills to disk beyond `memory_limit` and downloads nothing."""
    import duckdb

    return duckdb.connect(
        config={
            "memory_limit": memory_limit,
            "temp_directory": str(Path(_spill_folder().name) / "spill"),
            "autoinstall_known_extensions": "false",
        },
    )


@cache
def _spill_folder() -> tempfile.TemporaryDirectory[str]:
    """Return a new folder, which nobody else can read or prepare; it goes with the process."""
    return tempfile.TemporaryDirectory(prefix="leverkit-")


@dataclass(frozen=True)
class Snapshot:
    """An account as it was read, complete. `meta` is the content of `snapshot.json`; `part`, see `only`."""

    path: Path
    meta: dict[str, Any]
    part: Part = WHOLE

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Open a snapshot. Raises UsageError, which names the file that is missing, cut off or changed."""
        folder = Path(path).expanduser()
        meta = _meta(folder)
        for name, expected in sorted(meta["files"].items()):
            file = folder / name
            if not file.is_file():
                raise UsageError(f"{file} is missing: {_again(folder)}")
            if fingerprint(file) != expected:
                raise UsageError(f"{file} is not as it was pulled: {_again(folder)}")
        return cls(folder, meta)

    def require_unchanged(self) -> None:
        """Raise UsageError where other files lie in the folder than those that were opened."""
        if type(self).open(self.path).meta["files"] != self.meta["files"]:
            raise UsageError(f"{self.path} was pulled again since it was opened: open it and audit it again")

    @property
    def account(self) -> str:
        """Return the id of the account."""
        return str(self.meta["account"])

    @property
    def account_facts(self) -> dict[str, Any]:
        """Return what a plan says of its account; a snapshot of an older leverkit knows only id and host."""
        return {
            "account": self.account,
            "account_ids": tuple(self.meta.get("account_ids", ())),
            "account_name": str(self.meta.get("account_name", "")),
            "host": str(self.meta.get("base_url_host", "")),
            "demo": bool(self.meta.get("demo", False)),
        }

    @property
    def is_copy(self) -> bool:
        """Return True if it was read out of a warehouse copy, which tells no account, and not from Lever."""
        return "copy" in self.meta

    @property
    def lacks(self) -> tuple[str, ...]:
        """Return what the copy that it was read out of lacks, each in two words."""
        return tuple(str(lack["what"]) for lack in self.meta.get("copy", {}).get("lacks", ()))

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what was odd in the copy that it was read out of, and was put right."""
        return tuple(map(str, self.meta.get("copy", {}).get("notes", ())))

    @property
    def caveat(self) -> str:
        """Return on what all figures of it rest, in a clause; empty where it was read from Lever."""
        if not self.is_copy:
            return ""
        without = f", which lacks {', '.join(self.lacks)}" if self.lacks else ""
        return f"according to a copy ({self.meta['copy']['shape']}){without}"

    @property
    def digest(self) -> str:
        """Return the sha256 of the hashes of the four tables, and of what they are narrowed to."""
        hashes = "".join(f"{name} {digest}\n" for name, digest in sorted(self.meta["files"].items()))
        return hashlib.sha256((hashes + self.part.where).encode()).hexdigest()

    @property
    def taken_at(self) -> int:
        """Return when the pull began (ms since the epoch): all older changes are in the snapshot."""
        return int(self.meta["window"]["started_at"])

    @property
    def opportunities(self) -> pd.DataFrame:
        """Return all opportunities, one row per opportunity."""
        return self.frame("select * from opportunities")

    def only(
        self,
        *,
        postings: Iterable[str] = (),
        teams: Iterable[str] = (),
        departments: Iterable[str] = (),
        active: bool = False,
    ) -> Self:
        """Return the part of this account with the people who have an opportunity of these.

        A person keeps all opportunities; `active` leaves archived ones out. `postings` are ids. No plan is
        made from a part. Raises UsageError for a name that the snapshot does not know.
        """
        file = self.path / "opportunities.parquet"
        chosen = {"postings": postings, "teams": teams, "departments": departments}
        return replace(self, part=narrowed(self._database, file, self.part, chosen, active=active))

    def gaps(self, *tags: str) -> pd.DataFrame:
        """Return one row per opportunity that lacks one of these tags while a sibling carries it.

        See `details.gaps` for the columns. Raises UsageError for no tag and for an unknown one.
        """
        shown = PersonDisplay.of(self.path, api=self.account_facts["host"])
        return details.gaps(self._database, tags, shown)

    def contact(self, text: str) -> str:
        """Return the contact of an opportunity, named by its id or its address in Lever; else the text."""
        return details.contact_of(self._database, text)

    def export(self, frame: pd.DataFrame, path: Path | str, *, confidential: bool = False) -> Path:
        """Write a frame of this snapshot as .csv or .xlsx for colleagues, and return the path.

        Rows of confidential opportunities and postings are left out, unless `confidential` is True.
        Raises UsageError as `table_file.write_frame`, and where the snapshot cannot tell which those are.
        """
        if not confidential and "confidential marks" in self.lacks:
            raise UsageError(
                "the copy does not say which opportunities are confidential, so they cannot be left out: "
                "export all of it with confidential=True, or pull from Lever"
            )
        rows = frame if confidential else details.without_confidential(self._database, frame)
        return write_frame(rows, Path(path).expanduser())

    def sql(self, query: str, *, params: object = None) -> duckdb.DuckDBPyRelation:
        """Run a SQL query over the views `opportunities`, `postings`, `tags` and `stages`."""
        return self._database.sql(query, params=params)

    def rows(self, query: str, *, params: object = None, at_once: int = 10_000) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a SQL query, of which only so many are in memory `at_once`."""
        cursor = self._database.cursor()
        cursor.execute("SET enable_progress_bar = false")  # of a long query, on stdout
        result = cursor.execute(query, params)
        while some := result.fetchmany(at_once):
            yield from some

    def frame(self, query: str, *, params: object = None) -> pd.DataFrame:
        """Return a table or the result of a SQL query as a DataFrame.

        `opportunities`, `postings`, `tags` and `stages` name a table, with times as UTC timestamps and what
        belongs to an opportunity joined to it. SQL sees the tables as they are stored.
        """
        frame: pd.DataFrame = self.sql(details.FRAMES.get(query, query), params=params).df()
        return frame

    def source(self, name: str, *, numbered: bool = False) -> str:
        """Return SQL that reads a table, narrowed as this snapshot is; `numbered` adds file_row_number."""
        file = literal(self.path / f"{name}.parquet")
        read = f"read_parquet({file}, file_row_number = {numbered})"
        return f"(SELECT * FROM {read}{self.part.where if name == 'opportunities' else ''})"

    def __repr__(self) -> str:
        number = self.meta["counts"]["opportunities"]
        part = f", {self.part}" if self.part else ""
        return f"<Snapshot of {self._title}: {count(number, 'opportunity', 'opportunities')}{part}>"

    @property
    def counted(self) -> str:
        """Return how many rows each table has: 1 opportunity, 3 tags, …"""
        plural = {"opportunities": "opportunity", **{name: name.removesuffix("s") for name in TABLES[1:]}}
        return ", ".join(count(number, plural[name], name) for name, number in self.meta["counts"].items())

    @property
    def agreement(self) -> str:
        """Return whether its tag counts agree with Lever's own, in a sentence."""
        agree = self.meta["completeness"]["tags_agree"]
        if agree is None:
            return "tag counts were not compared with Lever's own: no key is set"
        return f"tag counts {'agree' if agree else 'do NOT agree'} with Lever's own"

    @property
    def _title(self) -> str:
        return (
            f"account {self.account}" if self.account else f"a copy of an account, {self.meta['copy']['of']}"
        )

    def _repr_html_(self) -> str:
        from leverkit.report.html import Html, bullets

        notes = filter(None, [self.counted, self.caveat, self.agreement, *self.meta["not_seen"]])
        return Html("<p>Snapshot of {}</p>{}").format(self._title, bullets(notes))

    @cached_property
    def _database(self) -> Database:
        db = database()
        for name in TABLES:
            db.execute(f"create view {name} as from {self.source(name)}")
        if "columns" not in self.meta:  # a snapshot of an older leverkit
            old = self.source("opportunities")
            db.execute(f"create or replace view opportunities as select *, null::varchar as owner from {old}")
        return db


def _meta(folder: Path) -> dict[str, Any]:
    file = folder / "snapshot.json"
    try:
        meta = json.loads(read(file))
    except FileNotFoundError:
        raise UsageError(_absent(folder)) from None
    except (OSError, ValueError):
        raise UsageError(f"{file} cannot be read: {_again(folder)}") from None
    needed = {"format", "account", "window", "counts", "completeness", "not_seen", "files"}
    if not isinstance(meta, dict) or not needed <= meta.keys() or meta["format"] != FORMAT:
        raise UsageError(f"{file} is not of format {FORMAT}: {_again(folder)}")
    return meta


def _absent(folder: Path) -> str:
    if (folder / "pull.sqlite").exists():
        return f"{folder} is not completely pulled: run the same pull again to resume."
    if inside := sorted(folder.glob("*/snapshot.json")):
        return f"{folder} is not a snapshot, but holds one: name {inside[0].parent}."
    if (folder / "plan.json").exists():
        return f"{folder} is the folder of a run, not a snapshot: name the folder that `leverkit pull` wrote."
    return f"{folder} is not a snapshot (no snapshot.json): make one with `leverkit pull -o {folder}`."


def _again(folder: Path) -> str:
    if (folder / "pull.sqlite").exists():
        return "run the same pull again to resume."
    return f"read the account again with `leverkit pull -o {folder} --full`, or lk.pull(…, full=True)."
