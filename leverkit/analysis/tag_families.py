"""The families of an audit's tags: by their texts, by the opportunities that they share, and by postings.

Also which tags of a family replace each other, as the answers to one question do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from leverkit.analysis.families import TOGETHER, families
from leverkit.analysis.queries import query

if TYPE_CHECKING:
    from leverkit.analysis.facts import AuditFacts

POSTINGS = "tags of postings"  # the family of all tags that Lever derives from postings
SAMPLE = 100_000  # opportunities that are enough to see which tags come together
SHARED = 0.8  # least share of the opportunities with either of two tags that have both
FEWEST = 5  # opportunities with both
_FEW = 2  # people, by which a share is drawn towards 0

_TOGETHER = """
    WITH size AS (SELECT greatest(1, count(*) // $sample) AS parts FROM opportunities),
    held AS (
        SELECT id, unnest(list_intersect(tags, $alone)) AS tag
        FROM opportunities, size WHERE hash(id) % parts = 0),
    used AS (SELECT tag, count(*) AS number FROM held GROUP BY tag HAVING number >= $fewest),
    pair AS (
        SELECT a.tag AS one, b.tag AS other, count(*) AS shared
        FROM held a JOIN held b ON a.id = b.id AND a.tag < b.tag
        WHERE a.tag IN (SELECT tag FROM used) AND b.tag IN (SELECT tag FROM used)
        GROUP BY ALL HAVING shared >= $fewest)
    SELECT one, other FROM pair JOIN used u ON u.tag = one JOIN used v ON v.tag = other
    WHERE shared >= $least * (u.number + v.number - shared) ORDER BY ALL"""


def tag_families(audit: AuditFacts) -> dict[str, str]:
    """Return the family of each tag that has one; another spelling of a tag is of its family."""
    of_postings = set(audit.tags.loc[audit.tags["posting_tag"], "tag"])
    preferred = dict(zip(audit.spellings["tag"], audit.spellings["preferred"], strict=True))
    leading = sorted(set(preferred.values()) - of_postings - {""})
    found = families(leading)
    alone = [tag for tag in leading if tag not in found]
    found = families(leading, together=_together(audit, alone)) if len(alone) > 1 else found
    rest = {tag: first for tag, first in preferred.items() if tag and tag not in of_postings}
    return dict.fromkeys(of_postings - {""}, POSTINGS) | {
        tag: family for tag, first in rest.items() if (family := found.get(first, ""))
    }


def _together(audit: AuditFacts, alone: list[str]) -> list[tuple[str, str]]:
    """Return the pairs of these tags that are on the same opportunities, in a sample of a large account."""
    limits = {"sample": SAMPLE, "least": SHARED, "fewest": FEWEST}
    return audit.snapshot.sql(_TOGETHER, params={"alone": alone, **limits}).fetchall()


def replaced(audit: AuditFacts, kin: Mapping[str, str]) -> dict[str, float]:
    """Return how often siblings have another tag of the family instead, 0 to 1, for tags that exclude others.

    Of siblings with a tag of the family; nearer to 0 where few people can be compared, or where tags of the
    family are on one opportunity half as often as on all. `kin` is the family of each tag.
    """
    preferred = dict(zip(audit.spellings["tag"], audit.spellings["preferred"], strict=True))
    tags = [
        tag for tag, name in kin.items()
        if tag in preferred and name != POSTINGS and not name.startswith(TOGETHER)
    ]  # fmt: skip
    if not tags:
        return {}
    members = {"names": [preferred[tag] for tag in tags], "families": [kin[tag] for tag in tags]}
    wanted = {"tags": tags, **members, "sample": SAMPLE}
    found = audit.snapshot.sql(query("instead"), params=wanted).fetchall()
    return {
        tag: max(0.0, 1 - 2 * joint / usual) * others / (people + _FEW)
        for tag, joint, usual, people, others in found
    }
