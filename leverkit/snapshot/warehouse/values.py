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
BRACE = "chr(123)"  # {, which would be a field where a statement is formatted
# What Lever's objects hold, where a whole record or an object came back instead of columns.
_SAME = (
    *("id", "contact", "tags", "stage", "origin", "sources", "owner", "confidentiality", "archived"),
    *("applications", "text", "state", "categories"),
)
_RENAMED = {"created_at": "createdAt", "updated_at": "updatedAt", "last_advanced_at": "lastAdvancedAt"}
RECORD = {name: name for name in _SAME} | _RENAMED
RECORD |= {"is_anonymized": "isAnonymized", "deleted_at": "_ab_cdc_deleted_at"}
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
    found = {name: text_of(f'"{name}"', kind) for name, kind in types.items()}
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
    return f"coalesce(lower({column}) IN ('true', 't', '1', '1.0', 'yes', 'y'), false)"


def gone(column: str) -> str:
    """Return SQL that is true where a mark says that a row was deleted: a boolean, or the time of it."""
    return f"({flag(column)} OR coalesce({milliseconds(column)} > {SECONDS}, false))"


def id_of(value: str) -> str:
    """Return SQL for an id, also of an object that stands in its place, of which nothing else is kept.

    Some warehouses write UUIDs in capitals; Lever does not.
    """
    inside = f"if(json_valid({value}), json_extract_string({value}, '$.id'), NULL)"
    is_uuid = f"length({value}) = 36 AND regexp_full_match({value}, '[0-9A-Fa-f-]+')"
    return (
        f"CASE WHEN starts_with({value}, {BRACE}) THEN {inside} WHEN {is_uuid} THEN lower({value}) "
        f"ELSE {value} END"
    )


def listed(column: str) -> str:
    """Return SQL for a list of texts, from a JSON array; an empty list where there is none.

    The array may stand in an object or a text, and each item in an object.
    """
    array = _array(column)
    text = "if(json_type(each) = 'OBJECT', json_extract_string(each, '$.*')[1], each->>'$')"
    found = f"""CASE WHEN contains({column}, {BRACE})
        THEN list_transform(json_extract({array}, '$[*]'), lambda each: {text})
        ELSE json_extract_string({array}, '$[*]') END"""
    return f"list_filter(coalesce({found}, []), lambda each: each IS NOT NULL)"


def is_in_another_unit(column: str) -> str:
    """Return SQL that is true for the text of a time in seconds, microseconds or nanoseconds."""
    number = f"abs(try_cast({column} AS DOUBLE))"
    return f"{number} BETWEEN 1 AND {SECONDS} OR {number} >= {MICROSECONDS}"


def require_lists(db: Database, query: str, names: tuple[str, ...]) -> None:
    """Raise UsageError where a column of lists holds texts that are no JSON arrays, such as joined tags."""
    for name in names:
        wrong = (
            f"""SELECT "{name}" FROM ({query}) WHERE "{name}" <> '' AND {_is_no_list(f'"{name}"')} LIMIT 1"""
        )
        if found := db.execute(wrong).fetchall():
            example = plain(str(found[0][0]))[:60]
            raise UsageError(
                f"column {name} holds joined texts or objects instead of lists, such as {example!r}: a text "
                "that contains the separator cannot be told from two. Read a table with a row, or an array, "
                "of them instead"
            )


def _array(column: str) -> str:
    """Return SQL for the JSON array in a text; NULL where there is none."""
    inside = f"json_extract({column}, '$.*')"
    return f"""CASE WHEN NOT json_valid({column}) THEN NULL
        WHEN json_type({column}) = 'ARRAY' THEN {column}::JSON
        WHEN json_type({column}) = 'OBJECT' AND len({inside}) = 1 AND json_type({inside}[1]) = 'ARRAY'
            THEN {inside}[1]
        WHEN json_type({column}) = 'VARCHAR' AND json_valid({column}->>'$')
            AND json_type({column}->>'$') = 'ARRAY' THEN ({column}->>'$')::JSON END"""


def _is_no_list(column: str) -> str:
    """Return SQL that is true for JSON other than null, an array of texts, or of objects with one each."""
    array = _array(column)
    items = f"json_extract({array}, '$[*]')"
    wrong = f"""len(list_filter({items}, lambda each: CASE json_type(each) WHEN 'ARRAY' THEN true
        WHEN 'OBJECT' THEN len(json_keys(each)) <> 1 OR json_type(each, '$.*')[1] IN ('ARRAY', 'OBJECT')
        ELSE false END)) > 0"""
    is_nested = f"(contains({column}, {BRACE}) OR contains(substr({column}, 2), '['))"
    return f"""CASE WHEN {array} IS NULL THEN NOT (json_valid({column}) AND {column} IN ('null', '{{}}'))
        WHEN {is_nested} THEN {wrong} ELSE false END"""


def text_of(column: str, kind: str) -> str:
    """Return SQL for the text of a column of any type: times in ms since the epoch, the rest as JSON."""
    if kind.startswith("TIMESTAMP") or kind == "DATE":
        return f"epoch_ms({column}::TIMESTAMPTZ)::VARCHAR"
    if kind == "BLOB":  # a type that a driver does not know, such as PostgreSQL's citext
        return f"decode({column})"
    if kind == "BLOB[]":
        return f"to_json(list_transform({column}, lambda each: decode(each)))::VARCHAR"
    if any(part in kind for part in _NESTED):
        return f"to_json({column})::VARCHAR"
    return f"{column}::VARCHAR"


def _member(column: str, key: str) -> str:
    return f"CASE WHEN json_valid({column}) THEN json_extract_string({column}, '$.{key}') END"
