"""What a reading lacks: found where Lever's tag counts tell of it, and said where it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from leverkit.api.rate_limit import PAGE
from leverkit.report.text import count, plain
from leverkit.snapshot.checkpoint import PullCheckpoint
from leverkit.snapshot.rows import Listed
from leverkit.snapshot.tables import LeftOut

if TYPE_CHECKING:
    from leverkit.api.client import ReadOnlyLever

Difference = dict[str, str | int]
MOST_REQUESTS = 20  # to find opportunities by a tag
NAMED = 10  # ids in a sentence; snapshot.json has all
UNGRANTED = "confidential opportunities and postings: the key has no grant for them"
VANISHED = "of the reading before: not deleted, and no longer visible to this key"


def differences(listed: dict[str, int], found: dict[str, int]) -> list[Difference]:
    """Return the tags that Lever counts differently."""
    return [
        {"tag": tag, "listed": listed.get(tag, 0), "counted": found.get(tag, 0)}
        for tag in sorted(listed.keys() | found.keys())
        if listed.get(tag, 0) != found.get(tag, 0)
    ]


def read_plainly(
    lever: ReadOnlyLever, checkpoint: PullCheckpoint, seen: Callable[[int], None], **filters: Any
) -> None:
    """Read a listing page after page, without a filter by time: also what was created at no time."""
    params = lever.default_params(expand="applications", **filters)
    for page in lever.pages("/opportunities", type=Listed, **params):
        checkpoint.store("plainly", None, (), page.items)
        seen(len(page.items))


def missed_tags(different: Sequence[Difference]) -> list[str]:
    """Return tags of which Lever counts more, as many as can be listed with few requests, rarest first."""
    rows = [(int(row["listed"]), int(row["counted"]), str(row["tag"])) for row in different]
    tags, requests = [], 0
    for listed, _, tag in sorted(row for row in rows if row[0] > row[1]):
        requests += -(-listed // PAGE)
        if requests > MOST_REQUESTS:
            break
        tags.append(tag)
    return tags


def lacking(left_out: Sequence[LeftOut], undated: int, vanished: int) -> Iterator[str]:
    """Yield what the reading lacks, one sentence for each kind."""
    if left_out:
        ids = [plain(str(row["id"])) or "one without an id" for row in left_out]
        more = f" and {len(ids) - NAMED:,} more" if len(ids) > NAMED else ""
        what = count(len(ids), "opportunity", "opportunities")
        yield f"{what} without a contact or an id, left out: {', '.join(ids[:NAMED])}{more}"
    if undated:
        yield f"when {count(undated, 'opportunity was', 'opportunities were')} created: it is kept as 1970"
    if vanished:
        yield f"{count(vanished, 'opportunity', 'opportunities')} {VANISHED}"
