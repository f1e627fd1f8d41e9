"""The rule of who lacks a tag, as SQL over the tables of a snapshot; audit, policy and plan count by it.

A person lacks a tag on an opportunity where another opportunity of the same contact carries it. Tags are
sets. Contacts with one opportunity lack nothing and never enter the grouping by tag: they are nine in ten.
"""

from __future__ import annotations


def holdings(taggings: str, *, contact: str = "contact", tag: str = "tag", more: str = "") -> str:
    """Return a query with one row per contact and tag: total, have and lack count the opportunities.

    `taggings` is a table with one row per opportunity and tag; its column `total` is the number of
    opportunities of the contact, `contact` and `tag` name two others. `more` adds aggregates.
    """
    return f"""
        SELECT {contact}, {tag}, max(total) AS total, count(*)::INTEGER AS have,
               max(total) - have AS lack{more and ", "}{more}
        FROM {taggings} WHERE total > 1 GROUP BY {contact}, {tag}"""


# `have_named` counts the opportunities with the tag that are not anonymized.
WITH_HOLDINGS = f"""
    WITH split AS (
        SELECT contact, count(*)::INTEGER AS total FROM opportunities GROUP BY contact HAVING count(*) > 1),
    tagging AS (
        SELECT contact, total, is_anonymized, unnest(list_distinct(tags)) AS tag
        FROM opportunities JOIN split USING (contact)),
    holdings AS ({holdings("tagging", more="count(*) FILTER (NOT is_anonymized) AS have_named")})"""
