"""Bind a snapshot out of a copy to the account that a key opens, and read again whom a plan would concern.

A copy tells no account. Its opportunities do: those of the people with gaps are read from Lever, and must
mostly be there, each with the same contact. Their fresh rows take the place of the copy's, so that a plan
rests on the copy only for whose gaps it looks at.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from leverkit.api.models import Opportunity
from leverkit.errors import Refused
from leverkit.report.progress import progress
from leverkit.report.text import count
from leverkit.snapshot import tables
from leverkit.snapshot.completeness import UNGRANTED
from leverkit.snapshot.gaps import WITH_HOLDINGS
from leverkit.snapshot.publishing import account_facts, publish
from leverkit.snapshot.snapshot import Snapshot, database

if TYPE_CHECKING:
    from leverkit.api.client import ReadOnlyLever

SAMPLE = 100  # people who are read where none has a gap, to tell the account
LEAST = 0.5  # share of the copy's opportunities of these people that must be there

_WITH_GAPS = f"""{WITH_HOLDINGS}
    SELECT DISTINCT contact FROM holdings WHERE have < total AND tag IN (SELECT unnest($tags))
    ORDER BY contact"""
_SOME = "SELECT DISTINCT contact FROM opportunities ORDER BY hash(contact), contact LIMIT $sample"
_THEIRS = "SELECT id, contact FROM opportunities WHERE contact IN (SELECT unnest($contacts))"


def refresh(snapshot: Snapshot, lever: ReadOnlyLever, tags: Collection[str], folder: Path) -> Snapshot:
    """Write a snapshot of the account that a key opens: the copy, with fresh rows of some people.

    They are those with a gap of one of these tags. Tag counts are Lever's own.
    Raises Refused where the copy's opportunities are not in this account, ApiError, Unreachable.
    """
    began = lever.now()
    counts = lever.tag_counts()
    contacts = [name for (name,) in snapshot.sql(_WITH_GAPS, params={"tags": sorted(tags)}).fetchall()]
    asked = contacts or [name for (name,) in snapshot.sql(_SOME, params={"sample": SAMPLE}).fetchall()]
    with progress("reading again", len(asked), unit="person") as shown:
        fresh = list(lever.opportunities_of(asked, seen=shown.update, expand="applications"))
    _require_theirs(snapshot, lever, asked, fresh)
    unseen = [] if lever.sees_confidential() else [UNGRANTED]
    folder.mkdir(parents=True, exist_ok=True)
    with database() as db:
        source = snapshot.path / "opportunities.parquet"
        files = [
            tables.write_replaced(db, folder, source, asked, fresh),
            tables.write_tags(db, folder, counts),
        ]
        for name in ("postings", "stages"):
            kept = f"FROM read_parquet({tables.literal(snapshot.path / f'{name}.parquet')})"
            files.append(tables.write_query(db, folder / f"{name}.parquet", kept))
        sizes = {file.stem: tables.size(db, file) for file in files}
    publish(
        folder,
        files,
        account=account_facts(lever.account),
        window={"started_at": began, "ended_at": lever.now()},
        counts=sizes,
        tags_agree=snapshot.meta["completeness"]["tags_agree"],
        different=snapshot.meta["completeness"]["differences"],
        left_out=snapshot.meta["left_out"],
        not_seen=[_rests_on(snapshot, len(contacts)), *unseen, *snapshot.meta["not_seen"]],
        more={"copy": snapshot.meta["copy"]},
    )
    return Snapshot.open(folder)


def _require_theirs(
    snapshot: Snapshot, lever: ReadOnlyLever, contacts: Sequence[str], fresh: Sequence[Opportunity]
) -> None:
    """Raise Refused unless most of the copy's opportunities of these contacts are theirs in the account."""
    there = {(opportunity.id, opportunity.contact) for opportunity in fresh}
    theirs = set(snapshot.sql(_THEIRS, params={"contacts": list(contacts)}).fetchall())
    agree = len(theirs & there)
    if not theirs or agree < LEAST * len(theirs):
        raise Refused(
            f"{snapshot.path} is no copy of the account that the key opens, {lever.account.title}: of "
            f"{count(len(theirs), 'opportunity', 'opportunities')} that were looked up {agree:,} are there, "
            "each of the same person. Check LEVER_API_KEY"
        )


def _rests_on(snapshot: Snapshot, people: int) -> str:
    """Return what of a plan rests on the copy, and what does not."""
    who = count(people, "person", "people")
    return (
        f"gaps that the copy ({snapshot.meta['copy']['shape']}) does not show: whom to look at rests on it. "
        f"The opportunities of {who} with a gap in the copy were read from Lever for this plan"
    )
