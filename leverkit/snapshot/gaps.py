"""The rule of who lacks a tag, as SQL over the tables of a snapshot; audit, policy and plan count by it.

A person lacks a tag on an opportunity where another opportunity of the same contact carries it. Anonymized
opportunities neither give nor lack. Tags are sets. Contacts with one opportunity lack nothing and never enter
the grouping by tag: they are nine in ten.
"""

from __future__ import annotations


def holdings(taggings: str, *, contact: str = "contact", tag: str = "tag", more: str = "") -> str:
    """Return a query with one row per contact and tag: total and have count all opportunities.

    `have_named` counts those with the tag that are not anonymized, `lack` those that a plan may give it to.
    `taggings` is a table with one row per opportunity and tag; its columns `total` and `named` are the number
    of opportunities of the contact and of those that are not anonymized, `contact` and `tag` name two others.
    `more` adds aggregates.
    """
    return f"""
        SELECT {contact}, {tag}, max(total) AS total, count(*)::INTEGER AS have,
               count(*) FILTER (NOT is_anonymized)::INTEGER AS have_named,
               CASE WHEN have_named > 0 THEN max(named) - have_named ELSE 0 END AS lack{more and ", "}{more}
        FROM {taggings} WHERE total > 1 GROUP BY {contact}, {tag}"""


WITH_HOLDINGS = f"""
    WITH split AS (
        SELECT contact, count(*)::INTEGER AS total, count(*) FILTER (NOT is_anonymized)::INTEGER AS named
        FROM opportunities GROUP BY contact HAVING count(*) > 1),
    tagging AS (
        SELECT contact, total, named, is_anonymized, unnest(list_distinct(tags)) AS tag
        FROM opportunities JOIN split USING (contact)),
    holdings AS ({holdings("tagging")})"""
