"""Tags and their counts (sections 3.4 and 6)."""

from __future__ import annotations

from collections.abc import Iterable
from unicodedata import category

from leverkit.doctor.contract.exchange import Ask, Asking, Exchange, Probing, Row
from leverkit.doctor.contract.outcome import Outcome, confirmed, judged, not_tried, refuted
from leverkit.doctor.contract.sample import Sample, of_contacts, slim, tag_holders
from leverkit.report.text import count

COUNTED = {
    "all": lambda row: True,
    "active": lambda row: row["archived"] is None,
    "non-confidential": lambda row: row["confidentiality"] == "non-confidential",
}
MOST = 100  # holders of a tag that are counted one by one: a page
TAG_PAGES = 5


def counts(sample: Sample) -> Probing:
    """Count the holders of a few tags, and compare with GET /tags."""
    known = yield from read_counts()
    possible, compared = set(COUNTED), 0
    for tag in _telling(sample, known):
        page = yield slim(limit=MOST, tag=tag, **sample.confidentiality)
        if page.ok and not page.next:
            possible &= {kind for kind, holds in COUNTED.items() if sum(map(holds, page.rows)) == known[tag]}
            compared += any(row["archived"] is not None for row in page.rows)
    return [_judge_counts(possible, compared, sample), _variants(known), _hostile(known)]


def _judge_counts(possible: set[str], tags: int, sample: Sample) -> Outcome:
    if not tags:
        return not_tried("tag_counts", "no tag of at most 100 opportunities is on an archived one")
    counted = next((kind for kind in COUNTED if kind in possible), None)
    if counted == "all":
        hidden = "confidential ones included" if sample.hidden.rows else "no confidential one was seen"
        return confirmed("tag_counts", f"{count(tags, 'tag')}, archived ones included; {hidden}")
    if counted is None and not sample.hidden.ok:
        return not_tried("tag_counts", "this key cannot see confidential ones, which may be counted")
    found = f"of {count(tags, 'tag')} the count is that of {counted or 'no part that we know'}"
    return refuted("tag_counts", found, **({"tag_counts": counted} if counted else {}))


def _telling(sample: Sample, known: dict[str, int]) -> list[str]:
    """Return up to five tags of few opportunities: archived and active ones, and confidential ones."""
    archived = tag_holders(row for row in sample.all_rows if row["archived"] is not None)
    active = tag_holders(row for row in sample.all_rows if row["archived"] is None)
    mixed = [tag for tag in archived if active[tag]]
    return [*_rarest(mixed or archived, known, 3), *_rarest(tag_holders(sample.hidden.rows), known, 2)]


def _rarest(tags: Iterable[str], known: dict[str, int], number: int) -> list[str]:
    few = [tag for tag in tags if 0 < known.get(tag, 0) <= MOST and "," not in tag]  # a comma may separate
    return sorted(few, key=lambda tag: (known[tag], tag))[:number]


def read_counts() -> Asking[dict[str, int]]:
    """Read the first pages of GET /tags."""
    page = yield Ask("/tags", {"limit": 100})
    found, pages = _texts(page), 1
    while page.next and pages < TAG_PAGES:
        page = yield Ask("/tags", {"limit": 100, "offset": page.next})
        found, pages = found | _texts(page), pages + 1
    return found


def _texts(page: Exchange) -> dict[str, int]:
    return {row["text"]: row["count"] for row in page.rows}


def _variants(known: Iterable[str]) -> Outcome:
    tags = list(known)
    variants = len(tags) - len({tag.casefold() for tag in tags})
    if not variants:
        return not_tried("case_variants", f"none among {count(len(tags), 'tag')}")
    return confirmed("case_variants", f"{variants} of {count(len(tags), 'tag')}")


def _hostile(known: Iterable[str]) -> Outcome:
    hostile = sum(any(sign in ",&<\"'" or category(sign) == "So" for sign in tag) for tag in known)
    if not hostile:
        return not_tried("hostile_tags", "no such tag could be seen")
    return confirmed("hostile_tags", count(hostile, "tag"))


def owners_of_tags(sample: Sample) -> Probing:
    """Look for a contact whose opportunities carry different tags."""
    yield from ()
    people = of_contacts(sample.all_rows)
    several = [rows for rows in people.values() if len(rows) > 1]
    differing = sum(len({frozenset(row["tags"]) for row in rows}) > 1 for rows in several)
    shape = f"several opportunities: {len(several)} of {count(len(people), 'contact')}"
    if not several:
        return [not_tried(key, "no contact with several") for key in ("tags_of_opportunity", "people_shape")]
    apart = f"opportunities with different tags: {differing} of {count(len(several), 'contact')} with several"
    return [
        confirmed("tags_of_opportunity", apart) if differing else not_tried("tags_of_opportunity", apart),
        judged("people_shape", len(several) < len(people), shape),
    ]


def posting_tags(sample: Sample) -> Probing:
    """Look for the titles of postings among the tags of their active opportunities."""
    postings = yield Ask("/postings", {"limit": 5})
    seen, shown = 0, 0
    for posting in postings.rows:
        page = yield slim(limit=20, posting_id=posting["id"], archived="false")
        seen += len(page.rows)
        shown += sum(_has_title(row, posting) for row in page.rows)
    active = count(seen, "active opportunity", "active opportunities")
    told = f"the title of the posting is a tag on {shown} of {active}"
    if seen < 3:
        return [not_tried("posting_tags_shown", told)]
    return [judged("posting_tags_shown", shown > 0, told)]


def _has_title(row: Row, posting: Row) -> bool:
    return posting["text"] in row["tags"]
