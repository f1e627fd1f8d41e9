"""Section 9 of the reference: people and candidacies, merges, anonymity, and what users stumbled over."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from support.emulator_accounts import some, walk
from support.emulator_requests import create, first, pair, read, reason, write

from leverkit.emulator import Running

# 9.1


def test_an_opportunity_without_a_posting_has_no_application(account: Running, lever: httpx.Client) -> None:
    """9.1"""
    opportunity = read(lever, account.create(name="N"))
    assert (opportunity["applications"], "opportunityLocation" in opportunity) == ([], False)
    assert lever.get(f"/opportunities/{opportunity['id']}/applications").json()["data"] == []


def test_people_have_one_opportunity_or_several(reader: httpx.Client) -> None:
    """9.1"""
    counts: dict[str, int] = {}
    for item in walk(reader, "/opportunities", confidentiality="all"):
        counts[item["contact"]] = counts.get(item["contact"], 0) + 1
    assert {1, 2, 3} <= set(counts.values())


def test_contact_data_is_the_same_on_all_opportunities_of_a_person(crowd: httpx.Client) -> None:
    """9.1"""
    people: dict[str, list[Any]] = {}
    for item in walk(crowd, "/opportunities", confidentiality="all"):
        data = [item[name] for name in ("name", "headline", "location", "emails", "phones", "links")]
        people.setdefault(item["contact"], []).append(data)
    assert all(data == same[0] for same in people.values() for data in same)


# 9.2


def test_a_merge_moves_opportunities_and_adds_up_the_data(account: Running, lever: httpx.Client) -> None:
    """9.2"""
    loser, winner = pair(account, lever)
    account.merge(loser["contact"], winner["contact"])
    for before in (loser, winner):
        after = read(lever, before["id"])
        assert (after["contact"], after["name"], after["tags"]) == (
            winner["contact"],
            "two",
            before["tags"],
        )
        assert after["emails"] == ["two@example.com", "one@example.com"]
        assert after["phones"] == [{"value": "two"}, {"value": "one"}]
        assert after["links"] == ["https://example.com/two", "https://example.com/one"]
    found = walk(lever, "/opportunities", contact_id=winner["contact"])
    assert {item["id"] for item in found} == {loser["id"], winner["id"]}
    assert len(walk(lever, "/opportunities", email="one@example.com")) == 2


# 9.3


@pytest.mark.parametrize("kind", ["hired", "non-hired"])
def test_who_was_hired_cannot_be_anonymized(account: Running, lever: httpx.Client, kind: str) -> None:
    """9.3"""
    opportunity = account.create(name="N")
    account.archive(opportunity, reason(lever, kind))
    path = account.base_url.removesuffix("/v1") + "/_emulator/humans/anonymize"
    answer = lever.post(path, json={"opportunity": opportunity})
    assert (answer.status_code, read(lever, opportunity)["isAnonymized"]) == (
        (400, False) if kind == "hired" else (200, True)
    )


def test_only_archived_ones_that_were_not_hired_are_anonymized(crowd: httpx.Client) -> None:
    """9.3"""
    hired = reason(crowd, "hired")
    found = [item for item in walk(crowd, "/opportunities", confidentiality="all") if item["isAnonymized"]]
    assert len(found) > 3
    for item in found:
        assert item["archived"]["reason"] != hired
        assert (item["name"], item["emails"], item["phones"], item["links"]) == ("", [], [], [])


def test_a_contact_is_anonymized_when_all_its_opportunities_are(
    account: Running, lever: httpx.Client
) -> None:
    """9.3"""
    opportunity, _ = pair(account, lever)
    second = create(lever, contact=opportunity["contact"]).json()["data"]["id"]
    path = f"/contacts/{opportunity['contact']}"
    account.anonymize(opportunity["id"])
    shown = lever.get(path).json()["data"]
    assert (shown["name"], shown["isAnonymized"]) == ("one", False)
    assert lever.put(path, json={"headline": "H"}).status_code == 200
    assert [read(lever, item)["headline"] for item in (opportunity["id"], second)] == ["", "H"]
    account.anonymize(second)
    shown = lever.get(path).json()["data"]
    assert (shown["name"], shown["isAnonymized"], shown["emails"]) == ("", True, [])


def test_an_anonymized_one_keeps_tags_sources_and_origin_and_is_not_found_again(
    account: Running, lever: httpx.Client
) -> None:
    """9.3"""
    opportunity, _ = pair(account, lever)
    account.anonymize(opportunity["id"])
    after = read(lever, opportunity["id"])
    assert (after["tags"], after["sources"], after["origin"]) == (
        opportunity["tags"],
        opportunity["sources"],
        opportunity["origin"],
    )
    again = create(lever, emails=opportunity["emails"]).json()
    assert (again["deduped"], again["data"]["contact"] != opportunity["contact"]) == (False, True)
    assert create(lever, contact=opportunity["contact"]).status_code == 400


def test_an_opportunity_becomes_confidential_and_open_with_its_posting(
    account: Running, lever: httpx.Client
) -> None:
    """9.3, 1.5"""
    posting = first(lever, "/postings")["id"]
    opportunity = create(lever, postings=[posting]).json()["data"]["id"]
    for confidential in (True, False):
        account.human("set_posting_confidential", posting=posting, confidential=confidential)
        assert (opportunity in {item["id"] for item in walk(lever, "/opportunities")}) is not confidential
        assert (read(lever, opportunity)["confidentiality"] == "confidential") is confidential
    account.human("set_posting_confidential", posting=posting, confidential=True)
    made = create(lever, postings=[posting]).json()["data"]
    assert made["confidentiality"] == "confidential"


# 9.4


def test_an_old_candidate_id_is_one_of_several_opportunities_and_no_person(lever: httpx.Client) -> None:
    """9.4, 4"""
    opportunity = some(lever)
    create(lever, contact=opportunity["contact"])
    assert lever.get(f"/candidates/{opportunity['id']}").json()["data"]["contact"] == opportunity["contact"]
    assert lever.get(f"/candidates/{opportunity['contact']}").status_code == 404
    assert lever.get(f"/contacts/{opportunity['id']}").status_code == 404


def test_a_retried_tag_write_whose_answer_was_lost_does_no_harm(
    account: Running, lever: httpx.Client
) -> None:
    """9.4"""
    opportunity = some(lever)
    account.fault("reset", method="POST", when="after")
    for _ in range(2):
        try:
            write(lever, opportunity["id"], "addTags", tags=["once"])
        except httpx.TransportError:
            continue
    assert read(lever, opportunity["id"])["tags"] == [*opportunity["tags"], "once"]


def test_an_edited_posting_rewrites_tags_without_a_tag_write(account: Running, lever: httpx.Client) -> None:
    """9.4, 3.4"""
    posting = first(lever, "/postings")
    opportunity = create(lever, postings=[posting["id"]]).json()["data"]
    lever.post(f"/postings/{posting['id']}", json={"text": "Renamed role"})
    expected = [item for item in opportunity["tags"] if item != posting["text"]] + ["Renamed role"]
    assert read(lever, opportunity["id"])["tags"] == expected


def test_expanding_makes_pages_larger(reader: httpx.Client) -> None:
    """9.4"""
    plain = reader.get("/opportunities", params={"limit": 50})
    expanded = reader.get(
        "/opportunities", params={"limit": 50, "expand": ["applications", "contact", "owner"]}
    )
    assert len(expanded.content) > 1.5 * len(plain.content)


def test_a_full_scan_finds_what_updates_alone_miss(reader: httpx.Client) -> None:
    """3.1, 9.4"""
    updated = {item["id"] for item in walk(reader, "/opportunities", updated_at_start=0)}
    missed = [item for item in walk(reader, "/opportunities") if item["id"] not in updated]
    assert {item["updatedAt"] for item in missed} == {None}
    assert len(missed) > len(updated)
