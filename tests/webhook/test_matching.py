"""The tags that a person's opportunities lack of each other."""

from __future__ import annotations

from leverkit.api.models import Opportunity
from leverkit.webhook.matching import missing_shared_tags


def opportunity(id: str, *tags: str, contact: str = "c", anonymized: bool = False) -> Opportunity:
    return Opportunity(id=id, contact=contact, tags=tags, is_anonymized=anonymized)


def missing(*opportunities: Opportunity) -> set[tuple[str, str]]:
    operations = missing_shared_tags(opportunities, {"vip", "go"})
    return {(operation.opportunity, operation.tag) for operation in operations}


def test_each_opportunity_gets_what_another_of_the_same_contact_carries() -> None:
    assert missing(opportunity("1", "vip"), opportunity("2", "go"), opportunity("3")) == {
        ("1", "go"), ("2", "vip"), ("3", "vip"), ("3", "go"),
    }  # fmt: skip


def test_tags_that_are_not_named_and_other_contacts_stay_apart() -> None:
    others = opportunity("3", "vip", contact="d")
    assert missing(opportunity("1", "seed"), opportunity("2"), others) == set()


def test_an_anonymized_opportunity_neither_gives_nor_takes() -> None:
    assert missing(opportunity("1", "vip", anonymized=True), opportunity("2")) == set()
    assert missing(opportunity("1", "vip"), opportunity("2", anonymized=True)) == set()


def test_sources_need_not_match_but_targets_must() -> None:
    siblings = [opportunity("1", "vip"), opportunity("2"), opportunity("3")]
    operations = missing_shared_tags(siblings, {"vip"}, matching=lambda sibling: sibling.id == "3")
    assert [operation.opportunity for operation in operations] == ["3"]
