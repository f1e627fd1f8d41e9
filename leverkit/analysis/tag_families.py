"""The families of an audit's tags: by their texts, by the opportunities that they share, and by postings.

One word that tags share makes no family by itself: `open house` and `open source` may differ. It does where
the tags are hardly ever together on an opportunity, as answers to a question: `salary low`, `salary high`.
Also which tags of a family replace each other, as the answers to one question do.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from leverkit.analysis.families import LABELLED, TOGETHER, families
from leverkit.analysis.queries import query
from leverkit.analysis.texts.words import NEGATIONS
from leverkit.api.tags import LONGEST

if TYPE_CHECKING:
    from leverkit.analysis.facts import AuditFacts

POSTINGS = "tags of postings"  # the family of all tags that Lever derives from postings
SAMPLE = 100_000  # opportunities that are enough to see which tags come together
SHARED = 0.8  # least share of the opportunities with either of two tags that have both
FEWEST = 5  # opportunities with both
SEEN = 10  # times that tags of a template would meet another of it by chance, before it is judged
APART = 0.1  # most that they do, as a share of these, where they exclude each other
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

# How often a tag is on an opportunity with others of its template, and how often it would be by chance.
_ANSWERS = """
    WITH size AS (SELECT greatest(1, count(*) // $sample) AS parts FROM opportunities),
    seen AS (SELECT id, tags FROM opportunities, size WHERE hash(id) % parts = 0 AND len(tags) > 0),
    member AS (SELECT unnest($tags) AS tag, unnest($templates) AS template),
    held AS (
        SELECT template, tag, count(*) OVER (PARTITION BY template, id) - 1 AS others
        FROM (SELECT id, unnest(list_intersect(tags, $tags)) AS tag FROM seen) JOIN member USING (tag)),
    used AS (SELECT template, tag, count(*) AS number, sum(others) AS joint FROM held GROUP BY ALL),
    usual AS (
        SELECT *, number * (sum(number) OVER every - number) / (SELECT count(*) FROM seen) AS chance
        FROM used WINDOW every AS (PARTITION BY template))
    SELECT template, tag FROM usual WINDOW every AS (PARTITION BY template)
    QUALIFY sum(chance) OVER every >= $seen AND sum(joint) OVER every <= $apart * sum(chance) OVER every
        AND joint <= 1 + chance / 2
    ORDER BY ALL"""


def tag_families(audit: AuditFacts) -> dict[str, str]:
    """Return the family of each tag that has one; another spelling of a tag is of its family."""
    of_postings = set(audit.tags.loc[audit.tags["posting_tag"], "tag"])
    preferred = dict(zip(audit.spellings["tag"], audit.spellings["preferred"], strict=True))
    leading = sorted(set(preferred.values()) - of_postings - {""})
    found = families(leading)
    alone = [tag for tag in leading if tag not in found]
    answers = _answers(audit, alone)
    alone = [tag for tag in alone if tag not in answers]
    found = families(leading, together=_together(audit, alone)) if len(alone) > 1 else found
    found |= answers
    rest = {tag: first for tag, first in preferred.items() if tag and tag not in of_postings}
    return dict.fromkeys(of_postings - {""}, POSTINGS) | {
        tag: family for tag, first in rest.items() if (family := found.get(first, ""))
    }


def _answers(audit: AuditFacts, alone: list[str]) -> dict[str, str]:
    """Return the family of those of these tags that share a word and exclude each other."""
    templates = _sharing(alone)
    if not templates:
        return {}
    names = [name for name, tags in templates.items() for _ in tags]
    tags = [tag for tags in templates.values() for tag in tags]
    wanted = {"tags": tags, "templates": names, "sample": SAMPLE, "seen": SEEN, "apart": APART}
    found = audit.snapshot.sql(_ANSWERS, params=wanted).fetchall()
    size = Counter(name for name, _ in found)
    return {tag: name for name, tag in found if size[name] >= LABELLED}


def _sharing(tags: Iterable[str]) -> dict[str, list[str]]:
    """Return the tags of each template that is a first or a last word; each tag in that of most tags."""
    own = {tag: found for tag in tags if (found := _templates(tag))}
    size = Counter(name for names in own.values() for name in names)
    shared: dict[str, list[str]] = {}
    for tag, names in own.items():
        shared.setdefault(max(names, key=lambda name: (size[name], name)), []).append(tag)
    return {name: members for name, members in shared.items() if len(members) >= LABELLED}


def _templates(tag: str) -> list[str]:
    """Return a tag of two to four words without all but its first word, and without all but its last."""
    parts = re.split(r"([ _-]+)", tag.casefold().strip())
    if not 3 <= len(parts) <= 7 or "*" in tag or len(tag) > LONGEST:
        return []
    return [
        template
        for word, template in ((parts[0], f"{parts[0]}{parts[1]}*"), (parts[-1], f"*{parts[-2]}{parts[-1]}"))
        if len(word) > 2 and word.isalpha() and word not in NEGATIONS
    ]


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
