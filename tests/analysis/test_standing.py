"""Every figure of the audit's page equals a recount that shares no code with it, and bears its noun."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from html import unescape
from pathlib import Path

import pytest
from support.snapshot_factory import Row, write_generated, write_snapshot

from leverkit.analysis.audit import audit
from leverkit.analysis.standing import COPY, LIKELY, MEANT, OPEN, STAYS, TO_DECIDE, Opinion
from leverkit.policy.policy import Policy

Gap = tuple[str, str, str]  # tag, opportunity, contact


def recount(folder: Path, postings: set[str]) -> list[Gap]:
    """Return every gap of a snapshot by going through the people one by one."""
    rows = audit(folder).snapshot.sql("SELECT contact, id, tags FROM opportunities").fetchall()
    people: dict[str, dict[str, set[str]]] = {}
    for contact, opportunity, tags in rows:
        people.setdefault(contact, {})[opportunity] = set(tags) - postings
    return [
        (tag, opportunity, contact)
        for contact, own in people.items()
        for opportunity, tags in own.items()
        for tag in set().union(*own.values()) - tags
    ]


def kinds(policy: Policy, gaps: list[Gap]) -> Counter[str]:
    """Return how many gaps there are of each kind, from the rows of the policy."""
    rows = {row.tag: row for row in policy.decisions}

    def kind(tag: str) -> str:
        row = rows[tag]
        if row.scope == "undecided":
            return {"contact": LIKELY, "opportunity": MEANT, "undecided": OPEN}[row.suggested_scope]
        return COPY if row.scope == "contact" else STAYS

    return Counter(kind(tag) for tag, _, _ in gaps)


def text_of(page: str) -> str:
    """Return what a page says, without markup."""
    alts = " ".join(re.findall(r'(?:alt|aria-label)="([^"]*)"', page))
    return " ".join(
        unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL) + alts).split()
    )


@pytest.mark.parametrize("decided", [{}, {"half": True}])
def test_every_figure_of_the_page_equals_a_recount_and_has_its_noun(
    tmp_path: Path, decided: Mapping[str, bool]
) -> None:
    write_generated(tmp_path / "s", contacts=300, seed=5)
    facts = audit(tmp_path / "s")
    policy = Policy.suggest(facts)
    if decided:
        tags = sorted({row.tag for row in policy.decisions if not row.from_posting})
        scopes = {tag: ("contact", "opportunity", "ignore")[at % 3] for at, tag in enumerate(tags[::2])}
        policy = policy.decide(scopes, by="ada")
    postings = set(facts.tags.loc[facts.tags["posting_tag"], "tag"])
    gaps = recount(tmp_path / "s", postings)
    by_kind = kinds(policy, gaps)
    people = {contact for *_, contact in gaps}
    html = facts.to_html(tmp_path / "audit.html", policy=policy).read_text(encoding="utf-8")
    page = text_of(html)

    standing = facts.standing(policy)
    assert standing.figures == {kind: n for kind, n in by_kind.items() if n}
    assert standing.number_of_tags(*TO_DECIDE) == len(
        {tag for tag, _, _ in gaps if policy.scopes[tag] == "undecided"}
    )
    opportunities = len({opportunity for _, opportunity, _ in gaps})
    head = f"{len(gaps):,} gaps on {opportunities:,} opportunities of {len(people):,} people: "
    assert head in page
    to_decide = sum(by_kind[kind] for kind in TO_DECIDE)
    split = f"{by_kind[LIKELY]:,} likely missing, {by_kind[OPEN]:,} open, {by_kind[MEANT]:,} probably meant"
    assert f"{to_decide:,} gaps wait for a decision: {split}." in page
    if decided:
        people = {contact for tag, _, contact in gaps if policy.scopes[tag] == "contact"}
        copy = by_kind[COPY]
        assert f"{copy:,} to copy, {to_decide:,} to decide, {by_kind[STAYS]:,} stay as they are" in page
        assert f"would copy {copy:,} taggings to opportunities of {len(people):,} people" in page
    else:
        assert head + split in page
        assert "and a plan would be empty" in page
    (months,) = re.findall(r'alt="(\d[^"]* came about in the 3 months up to [^"]*)"', html)
    assert sum(int(n.replace(",", "")) for n in re.findall(r"\d{4}-\d\d ([\d,]+)", months)) == len(gaps)


def test_gaps_of_each_month_origin_and_posting_are_all_the_gaps(tmp_path: Path) -> None:
    rows = [
        Row("a", ["x"], "p", origin="applied"),
        Row("a", [], "q", day=40, origin="agency"),
        Row("a", ["y"], "q", day=80, origin="agency"),
    ]
    gaps = audit(write_snapshot(tmp_path, rows)).gaps
    found = gaps.groupby(["kind", "value"])["gaps"].sum()
    assert dict(found["origin"]) == {"applied": 1, "agency": 3}
    assert dict(found["posting"]) == {"unlisted posting p": 1, "unlisted posting q": 3}
    assert found["month"].tolist() == [1, 3]  # the month of the newer one of the two


def test_a_decision_is_stronger_than_a_suggestion_and_a_posting_s_tag_is_no_gap() -> None:
    opinion = Opinion({"a": "ignore", "b": "undecided"}, {"a": "contact", "b": "contact", "c": "opportunity"})
    assert [opinion.kind(tag) for tag in "abcd"] == [STAYS, LIKELY, MEANT, OPEN]
