"""What a copy lacks beside the account itself: found in the copy where it shows, else known of its kind.

Sources: the connectors' documentation and code, and copies made of an emulated account; see docs/copies.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from leverkit.report.text import count, plain
from leverkit.snapshot.completeness import Difference
from leverkit.snapshot.warehouse.assembly import Figures

POSTINGS = "postings"
# Kinds of copies that never hold these, whatever is in them.
WITHOUT_DELETIONS = ("fivetran", "airbyte", "airbyte-raw", "tap-lever")
WITHOUT_REMOVALS = ("fivetran",)
WITHOUT_CONFIDENTIAL = ("airbyte", "airbyte-raw", "tap-lever")


class Lack(msgspec.Struct, frozen=True):
    """Something that a copy does not hold: in two words, in a sentence, and how much where that is known."""

    what: str
    text: str
    count: int | None = None


def lacks(shape: str, there: Collection[str], figures: Figures, *, is_part: bool = False) -> Iterator[Lack]:
    """Yield what a copy of a shape lacks; `there` are the columns that its opportunities have.

    `is_part` says that the opportunities of one account were read, perhaps with the tags of all.
    """
    if figures.astray and not is_part:
        many = count(figures.astray, "tagging is", "taggings are")
        yield Lack("opportunities", f"opportunities: {many} of ones that it has no row of", figures.astray)
    if not figures.taggings:
        yield Lack("tags", "tags: no opportunity has one")
    if figures.unsure:
        many = count(figures.unsure, "opportunity has", "opportunities have")
        text = f"{many} several rows that differ, and nothing says which is the latest: one was taken"
        yield Lack("latest rows", text, figures.unsure)
    if not figures.postings:
        yield Lack(POSTINGS, "postings: a tag of a posting cannot be told from one about the person")
    elif not figures.telling:
        yield Lack(POSTINGS, "the tags of postings: one cannot be told from a tag about the person")
    if not figures.with_posting:
        yield Lack("links to postings", "which posting an opportunity is of")
    is_told = shape not in WITHOUT_DELETIONS and "deleted_at" in there
    if shape in WITHOUT_DELETIONS or (not is_told and (shape == "dlt" or figures.several)):
        yield Lack("deletions", "what was deleted in Lever: the copy may hold opportunities that are gone")
    if shape in WITHOUT_REMOVALS:
        yield Lack("removed tags", "which tags were removed in Lever: the copy may hold some that are gone")
    yield from _confidential(shape, there, figures)
    yield from _updates(there, figures)
    for column, what in (("is_anonymized", "anonymized"), ("archived_at", "archived")):
        if column not in there:
            yield Lack(f"{what} marks", f"which opportunities are {what}")
    if not figures.stages:
        yield Lack("stages", "the names of stages")
    if figures.unreadable:
        number = count(figures.unreadable, "time")
        yield Lack("times", f"{number} in a form that cannot be read", figures.unreadable)


def notes(figures: Figures, only: str, unread: Sequence[str]) -> Iterator[str]:
    """Yield what was odd in a copy and was put right, or may be for a person to put right.

    `only` says which of its rows were read, `unread` are tables that look like the opportunities, too.
    """
    if unread:
        yield f"not read, though named like the opportunities: {', '.join(map(plain, unread))}"
    if only:
        yield f"only rows with {only} were read: the copy holds several accounts"
    if figures.several:
        many = count(figures.several, "opportunity has", "opportunities have")
        yield f"{many} several rows: the latest of each was taken"
    if figures.other_units:
        odd = count(figures.other_units, "time")
        yield f"{odd} not in milliseconds: taken as seconds, microseconds or nanoseconds by their size"


def loss(listed: Mapping[str, int], different: Sequence[Difference]) -> Iterator[Lack]:
    """Yield by how much Lever's own tag counts exceed those of the copy, and the other way round."""
    pairs = [(int(row["listed"]), int(row["counted"])) for row in different]
    short = sum(max(theirs - ours, 0) for theirs, ours in pairs)
    if short:
        every = sum(listed.values())
        tags = count(sum(theirs > ours for theirs, ours in pairs), "tag")
        share = f"{100 * short / every:.0f}%"
        yield Lack(
            "taggings",
            f"{short:,} of {count(every, 'tagging')} that Lever counts ({share}), of {tags}",
            short,
        )
    if over := sum(max(ours - theirs, 0) for theirs, ours in pairs):
        text = f"which {count(over, 'tagging')} of the copy Lever no longer counts"
        yield Lack("tags that are gone", text, over)


def _confidential(shape: str, there: Collection[str], figures: Figures) -> Iterator[Lack]:
    if figures.confidential:
        return
    if shape in WITHOUT_CONFIDENTIAL:
        yield Lack("confidential", "confidential opportunities: the connector does not ask for them")
    elif "confidentiality" not in there:
        yield Lack("confidential marks", "which opportunities are confidential")
    else:
        yield Lack("confidential", "confidential opportunities: there are none, or it did not ask for them")


def _updates(there: Collection[str], figures: Figures) -> Iterator[Lack]:
    is_known = "updated_at" in there
    if not is_known:
        yield Lack("updates", "when opportunities were updated")
    if not is_known or not figures.never_updated:
        yield Lack(
            "never updated",
            "perhaps all opportunities whose updatedAt is null, which are most in some accounts: a copy made "
            "by windows of updated_at misses them if Lever's filter does",
        )
