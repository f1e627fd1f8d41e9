"""Of the people with a tag that very many have, a sample is looked at; what is counted stays exact."""

from __future__ import annotations

import re

import pytest
from support.snapshot_factory import write_generated

from leverkit.analysis import queries
from leverkit.analysis.audit import Audit
from leverkit.policy.policy import Policy
from leverkit.snapshot.snapshot import Snapshot


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Return an account with tags of a few hundred people."""
    folder = tmp_path_factory.mktemp("s")
    write_generated(folder, contacts=2000, seed=1)
    return Snapshot.open(folder)


def test_all_people_with_a_tag_are_looked_at_unless_there_are_very_many(account: Snapshot) -> None:
    usual, every = Audit.of(account), Audit.of(account, sample=10**9)
    assert set(usual.evidence["parts"]) == {1}
    assert usual.evidence.equals(every.evidence)
    assert usual.placements.equals(every.placements)


def test_a_sample_is_the_same_each_time_and_what_is_counted_stays_exact(account: Snapshot) -> None:
    usual, some, again = Audit.of(account), Audit.of(account, sample=50), Audit.of(account, sample=50)
    assert set(some.evidence["parts"]) > {1, 2}
    assert some.evidence.equals(again.evidence)
    assert some.placements.equals(again.placements)
    for name in ("tags", "contacts", "inconsistencies", "gaps", "findings"):
        assert getattr(some, name).equals(getattr(usual, name)), name
    assert some.summary == usual.summary


def test_a_sample_suggests_the_same_for_clear_tags_and_says_that_it_is_one(account: Snapshot) -> None:
    usual, some = (Policy.suggest(Audit.of(account, sample=n)).decisions for n in (queries.SAMPLE, 50))
    scopes = {row.tag: row.suggested_scope for row in some}
    clear = [row for row in usual if not row.from_posting and (row.confidence or 0) >= 0.95]
    assert {row.suggested_scope for row in clear} == {"contact", "opportunity"}
    assert {row.tag for row in clear if scopes[row.tag] not in (row.suggested_scope, "undecided")} == set()
    assert sum(scopes[row.tag] == row.suggested_scope for row in clear) > 0.8 * len(clear)
    assert any(re.search(r"about \d+ people, of whom 1 in \d+ was looked at", row.reason) for row in some)
