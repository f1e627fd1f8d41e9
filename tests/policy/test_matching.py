"""What opportunities lack of each other's tags, by plain values."""

from __future__ import annotations

from leverkit.api.models import Opportunity
from leverkit.policy.matching import lacking


def one(id: str, *tags: str, contact: str = "c", hidden: bool = False) -> Opportunity:
    return Opportunity(id=id, contact=contact, tags=tags, is_anonymized=hidden)


def pairs(*opportunities: Opportunity) -> set[tuple[str, str]]:
    return {(op.opportunity, op.tag) for op in lacking(opportunities, {"vip", "go"})}


def test_each_opportunity_gets_what_another_of_the_same_contact_carries() -> None:
    assert pairs(one("1", "vip"), one("2", "go"), one("3")) == {
        ("1", "go"), ("2", "vip"), ("3", "vip"), ("3", "go"),
    }  # fmt: skip


def test_tags_that_are_not_named_and_other_contacts_stay_apart() -> None:
    assert pairs(one("1", "seed"), one("2"), one("3", "vip", contact="d")) == set()


def test_an_anonymized_opportunity_neither_gives_nor_takes() -> None:
    assert pairs(one("1", "vip", hidden=True), one("2")) == set()
    assert pairs(one("1", "vip"), one("2", hidden=True)) == set()


def test_sources_need_not_match_but_targets_must() -> None:
    found = lacking([one("1", "vip"), one("2"), one("3")], {"vip"}, matching=lambda o: o.id == "3")
    assert [op.opportunity for op in found] == ["3"]
