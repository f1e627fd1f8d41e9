"""The SQL files of a shape. Each begins with the tables and columns that it reads, as comments.

    -- reads opportunity_tag: opportunity_id, tag AS old_tag, tags
    SELECT opportunity_id AS opportunity, coalesce(tags, old_tag) AS tag FROM opportunity_tag

A column that the warehouse does not have is NULL in the statement, and a table that it does not have is
empty. So one statement fits older and newer copies, and what was not there is known. Names of tables are
compared without case, those of columns by letters and digits alone: loaders write createdAt, CREATEDAT,
created_at or "Created At". `A or B AS c` names a table by patterns, or a column by names, of which the first
that fits is read. Columns whose names end in id are read as texts, as a table that is not there has no other
type.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from leverkit.errors import UsageError, did_you_mean
from leverkit.snapshot.warehouse.dialect import Dialect
from leverkit.storage.files import SHARED, read, write_atomic

NAMES = ("opportunities", "tags", "postings", "stages")
UNJOINED = ("postings", "stages")  # what is not joined to opportunities by their ids
FOLDER = Path(__file__).parent / "sql"
SHAPES = tuple(sorted(path.name for path in FOLDER.iterdir()))
SAME = {"stitch": "tap-lever"}  # other names of shapes
# Columns whose absence matters, by their names in any shape without underscores, in small letters.
MARKS = {
    "updated_at": {"updatedat"},
    "archived_at": {"archivedat", "archived", "archivedarchivedat"},
    "confidentiality": {"confidentiality"},
    "is_anonymized": {"isanonymized"},
    "deleted_at": {"deletedat"},
}
_READS = re.compile(r"--\s*reads\s+(?P<tables>[^:]+?)(?:\s+AS\s+(?P<name>\w+))?\s*:\s*(?P<columns>.+)", re.I)
_COMMENT = re.compile(r"--[^\n]*")


@dataclass(frozen=True)
class Tables:
    """The tables of a schema, each with its columns, under their names in the warehouse.

    `prefix` is what a loader put before the name of each table. `only` is a column and the one value of it
    whose rows are read, where a table has that column.
    """

    schema: str
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    prefix: str = ""
    only: tuple[str, str] | None = None

    def find(self, patterns: Iterable[str]) -> str:
        """Return the table that the first fitting pattern names; empty where there is none.

        Raises UsageError where a pattern fits several tables.
        """
        for pattern in patterns:
            wanted = f"{self.prefix}{pattern}".lower()
            fitting = sorted(name for name in self.columns if fnmatch(name.lower(), wanted))
            if len(fitting) > 1:
                raise UsageError(
                    f"{pattern} fits {' and '.join(fitting)} in schema {self.schema}: name one of them in a "
                    "copy of the SQL (--sql DIR)"
                )
            if fitting:
                return fitting[0]
        return ""

    def column(self, table: str, *names: str) -> str:
        """Return the first of these columns that is there, under its name there; empty where none is."""
        for name in names:
            same = [found for found in self.columns[table] if plain_name(found) == plain_name(name)]
            if same:
                return min(same, key=lambda found: found.lower() != name.lower())
        return ""

    def condition(self, table: str, dialect: Dialect) -> str:
        """Return the WHERE that leaves the rows of `only`; empty where the table does not have its column."""
        column = self.column(table, self.only[0]) if self.only else ""
        if not self.only or not column:
            return ""
        return f" WHERE CAST({dialect.quote(column)} AS {dialect.text}) = {dialect.literal(self.only[1])}"

    def source(self, table: str, dialect: Dialect) -> str:
        """Return what stands after FROM for the rows of a table."""
        return dialect.table(self.schema, table) + self.condition(table, dialect)

    def marks(self, statement: Statement) -> frozenset[str]:
        """Return which of MARKS the tables of a statement can tell; whole records tell all."""
        names = set[str]()
        for each in statement.reads:
            if table := self.find(each.patterns):
                names |= set(map(plain_name, self.columns[table]))
        if "airbytedata" in names:
            return frozenset(MARKS)
        return frozenset(mark for mark, spellings in MARKS.items() if names & spellings)


@dataclass(frozen=True)
class Read:
    """A table that a statement reads, by patterns, its name there, and its columns with their names there.

    Of the names of a column the first that the table has is read.
    """

    patterns: tuple[str, ...]
    name: str
    columns: tuple[tuple[tuple[str, ...], str], ...]

    def names(self, column: str) -> tuple[str, ...]:
        """Return the names in the warehouse of a column of the statement; none where it is not read."""
        return next((names for names, alias in self.columns if alias.lower() == column), ())


@dataclass(frozen=True)
class Statement:
    """One SQL file: `name` is what it gives (see NAMES), `body` the SELECT, empty where there is none."""

    name: str
    body: str
    reads: tuple[Read, ...]

    @classmethod
    def parse(cls, name: str, text: str) -> Statement:
        """Return the statement that a file holds."""
        found: dict[str, Read] = {}
        for line in text.splitlines():
            if matched := _READS.match(line.strip()):
                one = _read(matched["tables"], matched["name"] or "", matched["columns"])
                before = found.get(one.name)
                columns = (*before.columns, *one.columns) if before else one.columns
                found[one.name] = Read(one.patterns, one.name, columns)
        return cls(name, _COMMENT.sub("", text).strip().rstrip(";"), tuple(found.values()))

    def render(self, tables: Tables, dialect: Dialect) -> str:
        """Return the SELECT for a warehouse with these tables; empty where its first table is not there.

        With `tables.only`, what is not joined to opportunities is empty where nothing tells its rows apart.
        """
        first = tables.find(self.reads[0].patterns) if self.reads else ""
        if not self.body or (self.reads and not first):
            return ""
        if self.name in UNJOINED and tables.only and not tables.column(first, tables.only[0]):
            return ""
        parts = [f"{each.name} AS ({_source(each, tables, dialect)})" for each in self.reads]
        return f"WITH {', '.join(parts)}\n{self.body}" if parts else self.body


def shape_of(name: str) -> str:
    """Return the shape of a name. Raises UsageError where there is none."""
    if name not in (*SHAPES, *SAME):
        known = ", ".join(sorted((*SHAPES, *SAME)))
        raise UsageError(f"there is no shape {name!r}{did_you_mean(name, SHAPES)}; there are {known}")
    return SAME.get(name, name)


def statements(shape: str, folder: Path | None = None) -> dict[str, Statement]:
    """Return the statements of a shape by name; files in `folder` take the place of the shape's own.

    Raises UsageError for a folder without any of the files.
    """
    own = [folder / f"{name}.sql" for name in NAMES] if folder else []
    if own and not any(file.is_file() for file in own):
        raise UsageError(f"{folder} has none of {', '.join(f'{name}.sql' for name in NAMES)}")
    files = {name: FOLDER / shape / f"{name}.sql" for name in NAMES}
    files |= {file.stem: file for file in own if file.is_file()}
    return {name: Statement.parse(name, _sql(file)) for name, file in files.items()}


def table_names(wanted: Mapping[str, Statement]) -> list[str]:
    """Return the patterns of all tables that statements read."""
    return [pattern for statement in wanted.values() for each in statement.reads for pattern in each.patterns]


def write_statements(shape: str, folder: Path) -> None:
    """Write the SQL files of a shape into a new folder, for a person to change."""
    folder.mkdir(parents=True)
    for name in NAMES:
        write_atomic(folder / f"{name}.sql", read(FOLDER / shape / f"{name}.sql"), mode=SHARED)


def _sql(file: Path) -> str:
    try:
        return read(file).decode()
    except UnicodeDecodeError:
        raise UsageError(f"{file} is no text in UTF-8: save it as such") from None


def plain_name(column: str) -> str:
    """Return the letters and digits of a name, in small letters: what loaders leave of it."""
    return "".join(filter(str.isalnum, column)).lower()


def _read(tables: str, name: str, columns: str) -> Read:
    patterns = _choices(tables)
    pairs = (re.split(r"\s+AS\s+", part.strip(), flags=re.I) for part in columns.split(","))
    found = ((_choices(pair[0]), pair[-1]) for pair in pairs)
    return Read(
        patterns,
        name or patterns[0],
        tuple((names, alias if " " not in alias else names[0]) for names, alias in found),
    )


def _choices(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in re.split(r"\s+or\s+", text))


def _source(wanted: Read, tables: Tables, dialect: Dialect) -> str:
    """Return a SELECT of the columns of a table, with NULL for those that are not there."""
    table = tables.find(wanted.patterns)
    if not table:
        nothing = ", ".join(f"CAST(NULL AS {dialect.text}) AS {alias}" for _, alias in wanted.columns)
        return f"SELECT {nothing} FROM (SELECT 1 AS one) AS no_rows WHERE 1 = 0"
    listed = []
    for names, alias in wanted.columns:
        real = tables.column(table, *names)
        value = dialect.quote(real) if real else "NULL"
        is_text = not real or alias.lower().endswith("id")
        listed.append(f"CAST({value} AS {dialect.text}) AS {alias}" if is_text else f"{value} AS {alias}")
    return f"SELECT {', '.join(listed)} FROM {tables.source(table, dialect)}"
