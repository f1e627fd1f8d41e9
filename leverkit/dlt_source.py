"""The account as a source of dlt pipelines: what a copy of Lever needs to be complete, and no names.

    import dlt
    from leverkit.dlt_source import lever

    dlt.pipeline("copy_of_lever", destination="duckdb", dataset_name="lever").run(lever())

A later run reads what was created, updated or deleted since: by creation too, as `updatedAt` is null for most
opportunities, so that a copy by `updated_at` alone misses them. It gives the tables of a full run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from leverkit.api.client import ReadOnlyLever
from leverkit.api.models import Categories, DeletedOpportunity, Posting, Stage, fields
from leverkit.errors import ApiError
from leverkit.extras import require
from leverkit.settings import connect
from leverkit.snapshot.publishing import account_facts
from leverkit.snapshot.pull import MARGIN
from leverkit.snapshot.rows import Listed

if TYPE_CHECKING:
    from dlt.sources import DltSource

Row = dict[str, Any]
_AXES = ("created_at", "updated_at")
# Columns that dlt would not make where all their values are null, and those that tell it what to replace.
_COLUMNS: dict[str, dict[str, Any]] = {
    **{name: {"data_type": "bigint"} for name in ("updated_at", "last_advanced_at", "archived__archived_at")},
    **{name: {"data_type": "text"} for name in ("archived__reason", "owner", "origin", "stage")},
    "is_deleted": {"data_type": "bool", "hard_delete": True},
    "read_number": {"data_type": "bigint", "dedup_sort": "desc"},
}
_OTHERS: dict[str, dict[str, Any]] = {
    "deleted_opportunities": {"id": {"data_type": "text"}, "deleted_at": {"data_type": "bigint"}},
    "tags": {"text": {"data_type": "text"}, "count": {"data_type": "bigint"}},
    "stages": {"id": {"data_type": "text"}, "text": {"data_type": "text"}},
    "postings": {
        f"categories__{name}": {"data_type": "text"} for name in fields(Categories) if name != "allLocations"
    }
    | {"id": {"data_type": "text"}},
}


def lever(*, open_account: Callable[[], ReadOnlyLever] = connect) -> DltSource:
    """Return the source: opportunities, tags, postings, stages and deleted_opportunities.

    `open_account` opens the account, by default that of the environment. Confidential opportunities are read
    where the key may; where that has changed, everything is read again. Raises UsageError without the extra
    `dlt`; while it runs Refused for another account than before, AccessDenied, ApiError, Unreachable.
    """
    require("dlt")
    import dlt

    def opportunities() -> Iterator[list[Row]]:
        state = dlt.current.resource_state()
        with open_account() as account:
            started, since = account.now(), _since(account, state)
            for number, rows in enumerate(_changed(account, since, started)):
                yield [row | {"read_number": number} for row in rows]
            state |= {**account_facts(account.account), "confidential": account.sees_confidential()}
        state["since_ms"] = started

    def whole(read: Callable[[ReadOnlyLever], Iterable[list[Row]]]) -> Callable[[], Iterator[Any]]:
        def listing() -> Iterator[Any]:
            yield dlt.mark.materialize_table_schema()  # a table of nothing says that there is nothing
            with open_account() as account:
                yield from read(account)

        return listing

    others = {"tags": _tags, "postings": _postings, "stages": _stages, "deleted_opportunities": _deleted}
    return dlt.source(
        lambda: (
            dlt.resource(
                opportunities,
                name="opportunities",
                columns=_COLUMNS,
                write_disposition="merge",
                primary_key="id",
            ),
            *(
                dlt.resource(whole(read), name=name, columns=_OTHERS[name], write_disposition="replace")
                for name, read in others.items()
            ),
        ),
        name="lever",
    )()


def _since(account: ReadOnlyLever, state: Mapping[str, Any]) -> int | None:
    """Return since when changes are to be read (ms since epoch), None for everything.

    Raises Refused where the key opens another account than that of the runs before.
    """
    if "since_ms" not in state:
        return None
    account.account.require_same(
        str(state["account"]),
        tuple(state["account_ids"]),
        str(state["base_url_host"]),
        what="the state of the dlt pipeline",
        else_="use another pipeline and dataset",
    )
    return int(state["since_ms"]) if state["confidential"] == account.sees_confidential() else None


def _changed(account: ReadOnlyLever, since_ms: int | None, started_ms: int) -> Iterator[list[Row]]:
    """Yield pages of the opportunities that are new or changed since a time, all without one; deletions last.

    What changes while the listing is read is read again at the end.
    """
    again = [{f"{axis}_start": started_ms - MARGIN} for axis in _AXES]
    first = [{}] if since_ms is None else [{f"{axis}_start": since_ms - MARGIN} for axis in _AXES]
    for filters in (*first, *again):
        params = account.default_params(expand="applications", **filters)
        for page in account.pages("/opportunities", type=Listed, **params):
            yield [_row(record) | {"is_deleted": False} for record in page.items if record.id]
    for rows in _deleted(account, (since_ms or started_ms) - MARGIN):
        yield [{"id": row["id"], "is_deleted": True} for row in rows]


def _deleted(account: ReadOnlyLever, since_ms: int | None = None) -> Iterator[list[Row]]:
    yield from _pages(account, "/opportunities/deleted", DeletedOpportunity, deleted_at_start=since_ms)


def _postings(account: ReadOnlyLever) -> Iterator[list[Row]]:
    grant = {"confidentiality": "all"} if account.sees_confidential() else {}
    yield from _pages(account, "/postings", Posting, include=fields(Posting), **grant)


def _stages(account: ReadOnlyLever) -> Iterator[list[Row]]:
    yield from _pages(account, "/stages", Stage)


def _tags(account: ReadOnlyLever) -> Iterator[list[Row]]:
    yield [{"text": text, "count": number} for text, number in account.tag_counts().items()]


def _pages(account: ReadOnlyLever, path: str, kind: type[Any], **params: Any) -> Iterator[list[Row]]:
    """Yield the pages of a listing; one that the key may not read is empty."""
    try:
        for page in account.pages(path, type=kind, **params):
            yield [_row(record) for record in page.items]
    except ApiError as error:
        if not error.means_no_access:
            raise


def _row(record: msgspec.Struct) -> Row:
    row: Row = msgspec.to_builtins(record)
    return {name: value for name, value in row.items() if value is not None}
