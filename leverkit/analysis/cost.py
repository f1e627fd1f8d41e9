"""The cost of each possible decision on a tag, and of a wrong one.

For every tag and scope, what a migration of the snapshot would do. Requests are counted as `apply` sends
them: one tag write per opportunity, and reads of its contacts before and after each batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil
from typing import TYPE_CHECKING, Any

from leverkit.api.rate_limit import PAGE, WRITES, minutes_of

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "tag", "scope", "operations", "requests", "minutes", "contacts", "facts_created", "facts_destroyed",
    "undo_operations", "undo_requests", "if_wrong",
)  # fmt: skip


def costs(tags: pd.DataFrame) -> pd.DataFrame:
    """Return one row per tag and scope, from `Audit.tags`; tags that are missing nowhere are left out.

    operations, requests, minutes: of the migration. contacts: people whose opportunities it changes.
    facts_created and facts_destroyed: taggings that it adds and removes; a policy never removes a tag.
    undo_…: what a rollback takes. if_wrong: wrong taggings afterwards if the decision is wrong, false ones
    for `contact`, missing ones for `opportunity` and `ignore`.
    """
    import pandas as pd

    rows = [row for tag in tags[tags["missing"] > 0].to_dict("records") for row in _scopes(tag)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def at_stake(missing: int, confidence: float) -> float:
    """Return the expected number of wrong taggings if the suggestion is followed."""
    return round(missing * (1 - confidence), 1)


def _scopes(row: Mapping[Any, Any]) -> Iterator[tuple[object, ...]]:
    missing, people = int(row["missing"]), int(row["inconsistent_contacts"])
    requests = _requests(missing, int(row["present"]) + missing)
    minutes = minutes_of(requests)
    yield row["tag"], "contact", missing, requests, minutes, people, missing, 0, missing, requests, missing
    for scope in ("opportunity", "ignore"):
        yield row["tag"], scope, 0, 0, 0.0, 0, 0, 0, 0, 0, missing


def _requests(writes: int, listed: int) -> int:
    """Return about how many requests `writes` take, to contacts with `listed` opportunities in all."""
    return writes + 2 * max(ceil(writes / WRITES), ceil(listed / PAGE))
