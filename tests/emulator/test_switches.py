"""Section 10 of the reference: each switch does what its row says, and the defaults are the table's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from support.emulator_accounts import client, served, some, walk

from leverkit.emulator import Running
from leverkit.emulator.config import Config, profile_config, read_switches


def tag(
    lever: httpx.Client, opportunity: str, tags: Any, verb: str = "addTags", **params: Any
) -> httpx.Response:
    return lever.post(f"/opportunities/{opportunity}/{verb}", json={"tags": tags}, params=params)


def test_a_switch_that_does_not_exist_or_has_another_type_is_refused(account: Running) -> None:
    with pytest.raises(msgspec.ValidationError, match="nonsense"):
        account.configure(nonsense=1)
    with pytest.raises(msgspec.ValidationError, match="burst"):
        account.configure(burst="many")
    with pytest.raises(ValueError, match="no profile"):
        profile_config("mild")


def test_profiles_and_files_start_from_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('profile = "strict"\nrate = 5\n')
    (tmp_path / "c.json").write_text('{"burst": 3}')
    assert read_switches(tmp_path / "c.toml") == {"profile": "strict", "rate": 5}
    assert profile_config("lever", **read_switches(tmp_path / "c.json")).burst == 3
    assert profile_config("strict", rate=5).perform_as == "required"
    assert profile_config("lever") == Config()


@pytest.mark.parametrize(
    ("switches", "tags", "status"),
    [
        ({}, [], 200),
        ({"empty_tags": "error"}, [], 400),
        ({}, [""], 400),
        ({"empty_tag": "ignore"}, [""], 200),
        ({"repeated_tag": "error"}, ["x", "x"], 400),
        ({"max_tag_length": 3}, ["long"], 400),
        ({"max_tags_per_call": 1}, ["x", "y"], 400),
        ({"max_tags": 1}, ["x", "y"], 400),
        ({"tag_lock": 403}, ["brand new"], 403),
        ({"tag_lock": 400}, ["brand new"], 400),
    ],
)
def test_what_may_be_sent_as_tags(
    account: Running, lever: httpx.Client, switches: dict[str, Any], tags: list[str], status: int
) -> None:
    """3.4, Rows 9, 10, 11"""
    account.configure(**switches)
    before = account.state()
    assert tag(lever, some(lever)["id"], tags).status_code == status
    assert status == 200 or account.state() == before


@pytest.mark.parametrize(
    ("switches", "sent", "kept"),
    [
        ({}, " Née\u0301 ", " Née\u0301 "),
        ({"tag_normalisation": "trim"}, " x ", "x"),
        ({"tag_normalisation": "nfc"}, "Cafe\u0301 x", "Café x"),
        ({"max_tag_length": 3, "over_limit": "truncate"}, "long", "lon"),
    ],
)
def test_how_tags_are_changed_on_their_way_in(
    account: Running, lever: httpx.Client, switches: dict[str, Any], sent: str, kept: str
) -> None:
    """Rows 8, 9"""
    account.configure(**switches)
    assert tag(lever, some(lever)["id"], [sent]).json()["data"]["tags"][-1] == kept


def test_folding_finds_the_spelling_that_is_there(account: Running, lever: httpx.Client) -> None:
    """3.4, Row 8, row 11"""
    opportunity = some(lever)
    account.add_tags(opportunity["id"], ["Warm Lead"])
    account.configure(tag_normalisation="fold")
    assert tag(lever, opportunity["id"], ["WARM LEAD"]).json()["data"]["tags"].count("Warm Lead") == 1
    account.configure(tag_normalisation="none", tag_lock="skip")
    assert "unheard of" not in tag(lever, opportunity["id"], ["unheard of"]).json()["data"]["tags"]


def test_repeating_bumps_and_removing_what_is_absent_fails_only_if_switched(
    account: Running, lever: httpx.Client
) -> None:
    """Rows 4, 5, 6"""
    opportunity = some(lever)["id"]
    first = tag(lever, opportunity, ["x"]).json()["data"]["updatedAt"]
    account.configure(repeated_add_bumps=True, absent_tag="error", blank_contact_fields=False)
    again = tag(lever, opportunity, ["x"]).json()["data"]
    assert again["updatedAt"] > first
    assert again["emails"] != []
    assert tag(lever, opportunity, ["never"], "removeTags").status_code == 400


def posted(lever: httpx.Client) -> tuple[dict[str, Any], str]:
    """Return an active opportunity of a posting that exists, and the posting's title."""
    titles = {posting["id"]: posting["text"] for posting in walk(lever, "/postings")}
    for item in walk(lever, "/opportunities", expand="applications", archived="false"):
        for application in item["applications"]:
            if application["posting"] in titles and titles[application["posting"]] in item["tags"]:
                return item, application["posting"]
    raise AssertionError("no opportunity of a posting")


def test_a_removed_posting_tag_is_gone_stays_or_comes_back() -> None:
    """Row 7"""
    with served(60) as (account, lever):
        opportunity, posting = posted(lever)
        title = lever.get(f"/postings/{posting}").json()["data"]["text"]
        account.configure(posting_tag_removal="ignored")
        assert title in tag(lever, opportunity["id"], [title], "removeTags").json()["data"]["tags"]
        account.configure(posting_tag_removal="comes back")
        assert title not in tag(lever, opportunity["id"], [title], "removeTags").json()["data"]["tags"]
        assert title in account.state()["opportunities"][opportunity["id"]]
        account.configure(posting_tag_removal="removed")
        tag(lever, opportunity["id"], [title], "removeTags")
        assert title not in account.state()["opportunities"][opportunity["id"]]


def test_renaming_a_posting_rewrites_the_tags_of_its_active_opportunities() -> None:
    """Rows 12, 13, section 3.4: the old title goes, the new one is appended; archiving may drop them."""
    with served(60) as (account, lever):
        opportunity, posting = posted(lever)
        title = lever.get(f"/postings/{posting}").json()["data"]["text"]
        lever.post(f"/postings/{posting}", json={"text": "Renamed role"})
        tags = lever.get(f"/opportunities/{opportunity['id']}").json()["data"]["tags"]
        assert tags == [*(item for item in opportunity["tags"] if item != title), "Renamed role"]
        account.configure(renaming_rewrites_tags=False, archiving_drops_posting_tags=True)
        account.human("edit_posting", identifier=posting, fields={"text": "Third name"})
        assert lever.get(f"/opportunities/{opportunity['id']}").json()["data"]["tags"] == tags
        reason = lever.get("/archive_reasons").json()["data"][1]["id"]
        account.archive(opportunity["id"], reason)
        department = lever.get(f"/postings/{posting}").json()["data"]["categories"]["department"]
        assert department not in account.state()["opportunities"][opportunity["id"]]


def test_lists_of_values_are_repeated_unless_switched(account: Running, lever: httpx.Client) -> None:
    """3.1, Row 14"""
    everything = lever.get("/opportunities").json()["data"]
    first, second = everything[0]["contact"], everything[-1]["contact"]
    wanted = [item for item in everything if item["contact"] in (first, second)]
    assert lever.get("/opportunities", params={"contact_id": f"{first},{second}"}).json()["data"] == []
    account.configure(comma_values=True, bracket_values=True)
    for params in ({"contact_id": f"{first},{second}"}, {"contact_id[]": [first, second]}):
        assert lever.get("/opportunities", params=params).json()["data"] == wanted


def test_limits_and_unknown_parameters_are_refused_or_borne(account: Running, lever: httpx.Client) -> None:
    """Rows 15, 31"""
    assert lever.get("/opportunities", params={"nonsense": 1}).status_code == 200
    account.configure(bad_limit="clamp", unknown_parameters=400)
    assert len(lever.get("/opportunities", params={"limit": 0}).json()["data"]) == 1
    assert lever.get("/opportunities", params={"limit": 1000}).status_code == 200
    assert lever.get("/opportunities", params={"nonsense": 1}).status_code == 400


def test_tokens_can_be_bound_to_their_filter_be_encoded_and_expire(
    account: Running, lever: httpx.Client
) -> None:
    """Rows 16, 17"""
    account.configure(offset_bound="filter", offset_forms="encoded")
    token = lever.get("/opportunities", params={"limit": 3}).json()["next"]
    assert lever.get("/opportunities", params={"limit": 5, "offset": token}).status_code == 200
    other = lever.get("/opportunities", params={"archived": "true", "offset": token})
    assert other.json()["message"] == "Invalid offset token: Offset token is invalid for sort"
    assert lever.get(f"/opportunities?offset={token}").status_code == 400
    account.configure(offset_expiry_s=0.0)
    assert lever.get("/opportunities", params={"offset": token}).json()["message"].endswith("expired")


@pytest.mark.parametrize(("name", "field"), [("created_at", "createdAt"), ("advanced_at", "lastAdvancedAt")])
def test_ranges_keep_the_default_order_unless_switched(
    account: Running, lever: httpx.Client, name: str, field: str
) -> None:
    """Row 18"""
    account.configure(range_order="own")
    times = [item[field] for item in walk(lever, "/opportunities", limit=7, **{f"{name}_start": 0})]
    assert times == sorted(times)


def test_the_loser_of_a_merge_is_gone_answers_or_points_to_the_winner(
    lever: httpx.Client, account: Running
) -> None:
    """Row 21, section 9.2"""
    opportunity, *others = lever.get("/opportunities").json()["data"]
    winner, loser = (
        opportunity["contact"],
        next(item["contact"] for item in others if item["contact"] != opportunity["contact"]),
    )
    account.merge(loser, winner)
    found = lever.get("/opportunities", params={"contact_id": loser}).json()["data"]
    assert (lever.get(f"/contacts/{loser}").status_code, found) == (404, [])
    account.configure(merge_loser="winner", merge_filter="winner")
    assert lever.get(f"/contacts/{loser}").json()["data"]["id"] == winner
    assert lever.get("/opportunities", params={"contact_id": loser}).json()["data"] != []


def test_deleted_and_anonymized_ones_answer_as_switched(account: Running, lever: httpx.Client) -> None:
    """Rows 22, 23"""
    opportunity, second = [
        item["id"] for item in lever.get("/opportunities", params={"limit": 2}).json()["data"]
    ]
    account.delete(opportunity)
    account.anonymize(second)
    assert [tag(lever, item, ["x"]).status_code for item in (opportunity, second)] == [404, 400]
    account.configure(deleted_status=410, anonymized_write=200)
    assert [tag(lever, item, ["x"]).status_code for item in (opportunity, second)] == [410, 200]


def test_confidential_data_without_the_grant_is_refused_hidden_or_left_out(
    account: Running, lever: httpx.Client
) -> None:
    """Row 24"""
    hidden = lever.get("/opportunities").json()["data"][0]["id"]
    account.set_confidential(hidden)
    account.configure(confidential_get=404, confidential_list="filter")
    with client(account, account.restricted_key) as restricted:
        assert restricted.get(f"/opportunities/{hidden}").status_code == 404
        assert hidden not in {
            item["id"] for item in walk(restricted, "/opportunities", confidentiality="all")
        }
        assert walk(restricted, "/opportunities", confidentiality="confidential") == []


def test_the_limit_may_carry_retry_after_and_another_code(account: Running, lever: httpx.Client) -> None:
    """Row 25"""
    account.configure(rate=0.001, burst=1, retry_after=2, throttle_code="RateLimited")
    answers = [lever.get("/tags") for _ in range(2)]
    assert (answers[1].status_code, answers[1].headers["retry-after"]) == (429, "2")
    assert answers[1].json()["code"] == "RateLimited"


def test_reads_lag_behind_writes_if_switched(account: Running, lever: httpx.Client) -> None:
    """Row 27"""
    late = 60_000.0
    account.configure(
        stale_single_ms=late, stale_list_ms=late, stale_tag_filter_ms=late, stale_counts_ms=late
    )
    opportunity = some(lever)
    tag(lever, opportunity["id"], ["fresh"])
    assert lever.get(f"/opportunities/{opportunity['id']}").json()["data"] == opportunity
    assert "fresh" not in {item["text"] for item in walk(lever, "/tags")}
    assert walk(lever, "/opportunities", tag="fresh") == []
    account.configure(stale_single_ms=0, stale_list_ms=0, stale_tag_filter_ms=0, stale_counts_ms=0)
    assert "fresh" in lever.get(f"/opportunities/{opportunity['id']}").json()["data"]["tags"]
    assert [item["id"] for item in walk(lever, "/opportunities", tag="fresh")] == [opportunity["id"]]


def test_perform_as_may_stand_in_the_body_and_the_unknown_be_ignored(
    account: Running, lever: httpx.Client
) -> None:
    """Rows 1, 2, 3"""
    opportunity, user = some(lever)["id"], lever.get("/users").json()["data"][0]["id"]
    gone = next(
        item["id"] for item in walk(lever, "/users", includeDeactivated="true") if item["deactivatedAt"]
    )
    account.configure(perform_as="required", perform_as_in_body=True)
    body = {"tags": ["x"], "perform_as": user}
    assert lever.post(f"/opportunities/{opportunity}/addTags", json=body).status_code == 200
    assert tag(lever, opportunity, ["x"], perform_as=gone).status_code == 400
    for status in (403, 404):
        account.configure(unknown_perform_as=status)
        assert tag(lever, opportunity, ["x"], perform_as="nobody").status_code == status
    account.configure(unknown_perform_as="ignore")
    assert tag(lever, opportunity, ["x"], perform_as="nobody").status_code == 200


def test_objects_may_have_fields_of_the_future_and_candidates_be_gone(
    account: Running, lever: httpx.Client
) -> None:
    """Rows 32, 35"""
    account.configure(extra_fields=True, candidates=False)
    opportunity = lever.get("/opportunities", params={"include": ["id"], "limit": 1}).json()["data"][0]
    assert set(opportunity) == {"id", "futureField", "futureFlag"}
    assert lever.get("/candidates").status_code == 404
    account.configure(candidates=True, candidates_create=False)
    assert lever.post("/candidates", json={}).status_code == 405


def test_generated_accounts_have_nulls_and_slugs_unless_plain() -> None:
    """Rows 19, 33"""
    with served(80, updated_null_share=1.0) as (_, lever):
        found = walk(lever, "/opportunities")
        assert {item["updatedAt"] for item in found} == {None}
        assert None in {item["owner"] for item in found}
        assert any("opportunityLocation" not in item for item in found)
        assert {"lead-new", "offer"} < {item["stage"] for item in found}
    with served(80, plain_seed=True) as (_, lever):
        assert None not in {item["owner"] for item in walk(lever, "/opportunities")}


def test_the_strict_profile_refuses_what_is_doubtful() -> None:
    with served(profile="strict") as (account, lever):
        opportunity = some(lever)["id"]
        assert "perform_as" in tag(lever, opportunity, ["x"]).json()["message"]
        assert lever.get("/candidates").status_code == 404
        headers = {"authorization": f"Bearer {account.api_key}"}
        assert httpx.get(f"{account.base_url}/tags", headers=headers).status_code == 401


def test_simulated_users_work_while_a_client_reads(account: Running, lever: httpx.Client) -> None:
    """Row 20"""
    before = account.state()
    done = account.work(40)
    assert len(set(done)) > 3
    assert account.state() != before
    ids = [item["id"] for item in walk(lever, "/opportunities", confidentiality="all", limit=9)]
    assert sorted(ids) == sorted(account.state()["opportunities"])
