"""Filters, opportunities that move between pages, units, and what every account has."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from support.emulator_accounts import walk

from leverkit.emulator import Running
from leverkit.emulator.generator.generate import generate

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
FILTERS: dict[str, Callable[[dict[str, Any]], list[Any]]] = {
    "tag": lambda item: item["tags"],
    "source": lambda item: item["sources"],
    "origin": lambda item: [item["origin"]],
    "stage_id": lambda item: [item["stage"]],
    "contact_id": lambda item: [item["contact"]],
    "archive_reason_id": lambda item: [item["archived"]["reason"]] if item["archived"] else [],
    "location": lambda item: [item.get("opportunityLocation", "unspecified")],
}


@pytest.mark.parametrize("name", FILTERS)
def test_each_filter_takes_a_union_of_repeated_values(reader: httpx.Client, name: str) -> None:
    """3.1"""
    everything = walk(reader, "/opportunities")
    values = list(dict.fromkeys(value for item in everything for value in FILTERS[name](item)))[:2]
    found = {item["id"] for item in walk(reader, "/opportunities", **{name: values}, limit=13)}
    assert found == {item["id"] for item in everything if set(FILTERS[name](item)) & set(values)} != set()


@pytest.mark.parametrize(
    ("name", "field"),
    [("created_at", "createdAt"), ("updated_at", "updatedAt"), ("advanced_at", "lastAdvancedAt")],
)
def test_both_ends_of_a_range_are_included(reader: httpx.Client, name: str, field: str) -> None:
    """3.1"""
    times = [item[field] for item in walk(reader, "/opportunities") if item[field] is not None]
    middle = sorted(times)[len(times) // 2]
    found = walk(reader, "/opportunities", **{f"{name}_start": middle, f"{name}_end": middle})
    assert [item[field] for item in found] == [middle] * times.count(middle)


def test_the_tag_filter_is_case_sensitive(account: Running, lever: httpx.Client) -> None:
    """3.3, 3.1, 9.4"""
    opportunity, second = [
        item["id"] for item in lever.get("/opportunities", params={"limit": 2}).json()["data"]
    ]
    account.add_tags(opportunity, ["Warm"])
    account.add_tags(second, ["warm"])
    assert [item["id"] for item in walk(lever, "/opportunities", tag="Warm")] == [opportunity]


def test_an_opportunity_that_moves_between_two_pages_is_missed_or_seen_twice(
    account: Running, lever: httpx.Client
) -> None:
    """2.2, 9.4: keyset paging over keys that change"""
    first = lever.get("/opportunities", params={"limit": 5}).json()
    rest = walk(lever, "/opportunities", offset=first["next"])
    account.move(first["data"][0]["id"], "offer")
    account.move(rest[-1]["id"], "lead-new")
    now = [item["id"] for item in walk(lever, "/opportunities", offset=first["next"])]
    assert first["data"][0]["id"] in now
    assert rest[-1]["id"] not in now


def test_a_tag_does_not_move_an_opportunity_except_in_the_order_of_updates(
    account: Running, lever: httpx.Client
) -> None:
    """2.2, 3.3"""
    before = [item["id"] for item in walk(lever, "/opportunities")]
    account.add_tags(before[3], ["moved?"])
    assert [item["id"] for item in walk(lever, "/opportunities")] == before
    assert walk(lever, "/opportunities", updated_at_start=0, limit=2)[-1]["id"] == before[3]


def test_a_token_whose_opportunity_is_gone_still_works(account: Running, lever: httpx.Client) -> None:
    """2.2"""
    first = lever.get("/opportunities", params={"limit": 5}).json()
    second = walk(lever, "/opportunities", offset=first["next"])
    account.delete(second[0]["id"])
    assert walk(lever, "/opportunities", offset=first["next"]) == second[1:]


def test_lists_answer_in_levers_envelope_and_key_order(reader: httpx.Client) -> None:
    """2, 6"""
    for path in ("/tags", "/sources", "/stages", "/archive_reasons", "/users", "/opportunities/deleted"):
        body = reader.get(path).json()
        assert list(body) in (["data", "hasNext"], ["data", "hasNext", "next"])
    assert list(reader.get("/tags").json()["data"][0]) == ["count", "text"]
    token = reader.get("/postings", params={"limit": 1}).json()["next"]
    assert re.fullmatch(r"%5B\d+%2C%22[0-9a-f-]{36}%22%5D", token)


def test_every_account_has_the_built_in_stages_and_hired(reader: httpx.Client) -> None:
    """2.2, 6"""
    stages = reader.get("/disposition_stages").json()["data"]["stages"]
    assert [stage["id"] for stage in stages] == [stage["id"] for stage in walk(reader, "/stages")]
    assert [stage["rank"] for stage in stages] == sorted(stage["rank"] for stage in stages)
    assert {"lead-new", "lead-reached-out", "lead-responded", "applicant-new", "offer"} < {
        e["id"] for e in stages
    }
    assert any(not float(stage["rank"]).is_integer() for stage in stages)
    assert [reason["text"] for reason in walk(reader, "/archive_reasons", type="hired")] == ["Hired"]


def test_ids_are_lower_case_uuids_and_times_are_milliseconds(reader: httpx.Client) -> None:
    """7.3"""
    for item in walk(reader, "/opportunities"):
        assert UUID4.fullmatch(item["id"])
        assert UUID4.fullmatch(item["contact"])
        assert all(UUID4.fullmatch(user) for user in item["followers"])
        assert item["createdAt"] > 1_000_000_000_000
        assert item["createdAt"] <= item["lastAdvancedAt"]


def test_no_opportunity_has_a_tag_twice_and_texts_are_hostile() -> None:
    """3.3, 9.4"""
    account = generate(contacts=3000, seed=2)
    assert all(len(set(row.tags)) == len(row.tags) for row in account.rows.values())
    for hostile in ("<", "$", "=", ",", "\u202e", "\u200f"):
        assert any(hostile in tag for tag in account.tags), hostile
    assert any(tag != tag.strip() for tag in account.tags)
    assert any("<" in row.object()["name"] for row in account.rows.values())


def test_an_opportunity_is_confidential_exactly_if_its_posting_is(
    account: Running, lever: httpx.Client
) -> None:
    """1.5, 9.3"""
    found = walk(lever, "/opportunities", expand="applications")
    posting = next(item["applications"][0]["posting"] for item in found if item["applications"])
    account.human("set_posting_confidential", posting=posting, confidential=True)
    hidden = walk(lever, "/opportunities", posting_id=posting, confidentiality="confidential")
    assert hidden != []
    assert walk(lever, "/opportunities", posting_id=posting) == []


def test_merging_changes_the_contact_and_not_the_ids_or_tags(account: Running, lever: httpx.Client) -> None:
    """9.2"""
    before = account.state()
    opportunity, *others = lever.get("/opportunities").json()["data"]
    loser = next(item["contact"] for item in others if item["contact"] != opportunity["contact"])
    account.merge(loser, opportunity["contact"])
    after = account.state()
    assert (after["opportunities"], after["tags"]) == (before["opportunities"], before["tags"])
    moved = {item for item, contact in before["contacts"].items() if contact == loser}
    assert {after["contacts"][item] for item in moved} == {opportunity["contact"]}
