"""What a warehouse returned, whatever its types, as the columns of a snapshot.

Each value is made a text first, lists and objects as JSON. Times become milliseconds since the epoch, from
timestamps, ISO texts, and numbers in seconds, milliseconds, microseconds or nanoseconds; lists come from
arrays or JSON, their items also as the only field of an object, as BigQuery and Parquet may hold them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leverkit.errors import UsageError
from leverkit.report.text import plain
from leverkit.snapshot.rows import LATEST

if TYPE_CHECKING:
    from leverkit.snapshot.snapshot import Database

SECONDS = 10**11  # a number below it is in seconds: as milliseconds it would be before March 1973
MICROSECONDS, NANOSECONDS = 10**14, 10**17  # from here on: as milliseconds it would be after the year 5000
# What Lever's objects hold, where a whole record or an object came back instead of columns.
_SAME = (
    *("id", "contact", "tags", "stage", "origin", "sources", "owner", "confidentiality", "archived"),
    *("applications", "text", "state", "categories"),
)
_RENAMED = {"created_at": "createdAt", "updated_at": "updatedAt", "last_advanced_at": "lastAdvancedAt"}
RECORD = {name: name for name in _SAME} | _RENAMED | {"is_anonymized": "isAnonymized"}
ARCHIVED = {"archived_at": "archivedAt", "archive_reason": "reason"}
CATEGORIES = {
    **{name: name for name in ("team", "department", "location", "commitment", "level")},
    "locations": "allLocations",
}
_NESTED = ("[]", "STRUCT", "MAP", "JSON", "UNION", "VARIANT")


def texts(db: Database, table: str, wanted: tuple[str, ...]) -> str:
    """Return a SELECT of a fetched table with these columns, each as text or NULL; it may have more.

    Columns of a record, of `archived` and of `categories` are taken out of these objects.
    """
    types = {str(name).lower(): str(kind) for name, kind, *_ in db.execute(f'DESCRIBE "{table}"').fetchall()}
    found = {name: _text(f'"{name}"', kind) for name, kind in types.items()}
    if "record" in found:
        found |= {name: _member(found["record"], key) for name, key in RECORD.items()}
    for column, members in (("archived", ARCHIVED), ("categories", CATEGORIES)):
        if column in found:
            for name, key in members.items():
                inside = _member(found[column], key)
                found[name] = f"coalesce({found[name]}, {inside})" if name in found else inside
    listed = (f'{found.get(name, "NULL::VARCHAR")} AS "{name}"' for name in wanted)
    return f'SELECT {", ".join(listed)} FROM "{table}"'


def milliseconds(column: str) -> str:
    """Return SQL for a time in milliseconds since the epoch, from its text; NULL where it is none."""
    number = f"try_cast({column} AS DOUBLE)"
    factor = f"""CASE WHEN abs({number}) < {SECONDS} THEN 1000 WHEN abs({number}) < {MICROSECONDS} THEN 1
        WHEN abs({number}) < {NANOSECONDS} THEN 0.001 ELSE 0.000001 END"""
    # Snowflake writes a blank before the offset, which DuckDB does not take.
    text = f"regexp_replace({column}, ' ([+-][0-9]|Z)', '\\1')"
    return f"coalesce(try_cast({number} * {factor} AS BIGINT), epoch_ms(try_cast({text} AS TIMESTAMPTZ)))"


def created(column: str) -> str:
    """Return SQL for a creation time; one that cannot be right (see `rows.row`) is 0."""
    time = milliseconds(column)
    return f"CASE WHEN {time} > 0 AND {time} < {LATEST} THEN {time} ELSE 0 END"


def flag(column: str) -> str:
    """Return SQL for a boolean, from its text; false where it is none."""
    return f"coalesce(lower({column}) IN ('true', 't', '1', 'yes'), false)"


def listed(column: str) -> str:
    """Return SQL for a list of texts, from a JSON array; an empty list where there is none."""
    return f"list_filter(coalesce({_items(column)}, []), lambda each: each IS NOT NULL)"


def is_in_another_unit(column: str) -> str:
    """Return SQL that is true for the text of a time in seconds, microseconds or nanoseconds."""
    number = f"abs(try_cast({column} AS DOUBLE))"
    return f"{number} BETWEEN 1 AND {SECONDS} OR {number} >= {MICROSECONDS}"


def require_lists(db: Database, query: str, names: tuple[str, ...]) -> None:
    """Raise UsageError where a column of lists holds texts that are no JSON arrays, such as joined tags."""
    for name in names:
        wrong = f"""SELECT "{name}" FROM ({query}) WHERE "{name}" <> ''
            AND CASE WHEN json_valid("{name}") THEN {_is_no_list(f'"{name}"')} ELSE true END LIMIT 1"""
        if found := db.execute(wrong).fetchall():
            example = plain(str(found[0][0]))[:60]
            raise UsageError(
                f"column {name} holds joined texts or objects instead of lists, such as {example!r}: a text "
                "that contains the separator cannot be told from two. Read a table with a row, or an array, "
                "of them instead"
            )


def _items(column: str) -> str:
    """Return SQL for the items of a JSON array, which may stand in an object, as may each item."""
    return f"""CASE WHEN NOT json_valid({column}) THEN NULL
        WHEN json_type({column}) = 'OBJECT' THEN json_extract_string({column}, '$.*[*].*')
        WHEN json_type({column}, '$[0]') = 'OBJECT' THEN json_extract_string({column}, '$[*].*')
        ELSE json_extract_string({column}, '$[*]') END"""


def _is_no_list(column: str) -> str:
    """Return SQL that is true for JSON other than null, an array of texts, or of objects with one each."""
    several = f"len({_items(column)}) <> json_array_length({column}, {{}})"
    return f"""CASE json_type({column}) WHEN 'NULL' THEN false WHEN 'ARRAY' THEN {several.format("'$'")}
        WHEN 'OBJECT' THEN coalesce({several.format("json_keys(" + column + ")[1]")}, {column} <> '{{}}')
        ELSE true END"""


def _text(column: str, kind: str) -> str:
    if kind.startswith("TIMESTAMP") or kind == "DATE":
        return f"epoch_ms({column}::TIMESTAMPTZ)::VARCHAR"
    if any(part in kind for part in _NESTED):
        return f"to_json({column})::VARCHAR"
    return f"{column}::VARCHAR"


def _member(column: str, key: str) -> str:
    return f"CASE WHEN json_valid({column}) THEN json_extract_string({column}, '$.{key}') END"
