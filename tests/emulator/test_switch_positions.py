"""Section 10 of the reference: the positions of its switches that no other test shows."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from support.emulator_accounts import served, some, walk
from support.emulator_oauth import Client, get
from support.emulator_requests import active, create, first, later, pair, read, reason, write
from support.emulator_webhooks import ELSEWHERE, receiver, sent, subscribe

from leverkit.emulator import Running


@pytest.mark.parametrize(("allowed", "status"), [(False, 400), (True, 200)])
def test_perform_as_in_the_body_counts_only_where_switched(
    account: Running, lever: httpx.Client, allowed: bool, status: int
) -> None:
    """1.4, Row 2"""
    account.configure(perform_as="required", perform_as_in_body=allowed)
    body = {"tags": ["x"], "perform_as": first(lever, "/users")["id"]}
    assert lever.post(f"/opportunities/{some(lever)['id']}/addTags", json=body).status_code == status


@pytest.mark.parametrize(("switch", "kept"), [("max_tags_per_call", ["a"]), ("max_tags", [])])
def test_too_many_tags_are_cut_off_where_switched(
    account: Running, lever: httpx.Client, switch: str, kept: list[str]
) -> None:
    """Row 9"""
    opportunity = some(lever)
    limit = 1 if switch == "max_tags_per_call" else len(opportunity["tags"])
    account.configure(over_limit="truncate", **{switch: limit})
    assert write(lever, opportunity["id"], "addTags", tags=["a", "b"])["tags"] == [
        *opportunity["tags"],
        *kept,
    ]


@pytest.mark.parametrize("drops", [False, True])
def test_archiving_keeps_or_drops_posting_tags(account: Running, lever: httpx.Client, drops: bool) -> None:
    """Row 12, section 3.4"""
    posting = first(lever, "/postings")
    opportunity = create(lever, tags=["own"], postings=[posting["id"]]).json()["data"]
    account.configure(archiving_drops_posting_tags=drops)
    after = write(lever, opportunity["id"], "archived", reason=reason(lever))["tags"]
    assert after == (["own"] if drops else opportunity["tags"])


RANGES = {
    "created_at": lambda item: item["createdAt"],
    "advanced_at": lambda item: item["lastAdvancedAt"],
    "archived_at": lambda item: item["archived"]["archivedAt"],
}


@pytest.mark.parametrize("name", RANGES)
@pytest.mark.parametrize("order", ["default", "own"])
def test_other_ranges_have_the_default_order_or_their_own(
    account: Running, lever: httpx.Client, name: str, order: str
) -> None:
    """Row 18"""
    account.configure(range_order=order)
    found = walk(lever, "/opportunities", **{f"{name}_start": 0, "limit": 4})
    everything = [item for item in walk(lever, "/opportunities") if name != "archived_at" or item["archived"]]
    times = [RANGES[name](item) for item in found]
    assert {item["id"] for item in found} == {item["id"] for item in everything}
    assert (times == sorted(times)) is (order == "own")
    assert (found == everything) is (order == "default")


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_share_of_never_updated_ones_is_given(share: float) -> None:
    """Row 19"""
    with served(150, updated_null_share=share) as (_, lever):
        found = walk(lever, "/opportunities")
    never = sum(item["updatedAt"] is None for item in found) / len(found)
    assert never == 1.0 if share else never < 0.6


def test_people_work_by_themselves_at_the_pace_given_and_stop() -> None:
    """Row 20"""
    with served(20, humans=500.0, humans_seed=3) as (account, lever):
        before = account.state()
        while account.state() == before:
            time.sleep(0.01)
        account.configure(humans=0.0)
        still = account.state()
        assert [lever.get("/tags").status_code for _ in range(20)] == [200] * 20
        assert account.state() == still


@pytest.mark.parametrize("answers", ["404", "winner", "answers"])
def test_the_losing_contact_is_gone_points_to_the_winner_or_still_answers(
    account: Running, lever: httpx.Client, answers: str
) -> None:
    """Row 21"""
    account.configure(merge_loser=answers)
    loser, winner = pair(account, lever)
    account.merge(loser["contact"], winner["contact"])
    answer = lever.get(f"/contacts/{loser['contact']}")
    shown = answer.json().get("data", {}).get("name")
    assert (answer.status_code, shown) == {
        "404": (404, None),
        "winner": (200, "two"),
        "answers": (200, "one"),
    }[answers]


@pytest.mark.parametrize("switched", [False, True])
def test_a_merge_bumps_and_tells_as_switched(account: Running, lever: httpx.Client, switched: bool) -> None:
    """Row 21"""
    account.configure(merge_bumps=switched, merge_sends_contact_updated=switched, webhook_retries=0)
    loser, winner = pair(account, lever)
    subscribe(lever, ELSEWHERE, "contactUpdated")
    account.merge(loser["contact"], winner["contact"])
    assert (read(lever, loser["id"])["updatedAt"] > loser["updatedAt"]) is switched
    assert [body["data"]["contactId"] for body in sent(account)] == [winner["contact"]] * switched


@pytest.mark.parametrize("status", [200, 400, 403])
def test_a_write_to_an_anonymized_one_answers_as_switched(
    account: Running, lever: httpx.Client, status: int
) -> None:
    """Row 23"""
    opportunity = account.create(name="N")
    account.anonymize(opportunity)
    account.configure(anonymized_write=status)
    assert lever.post(f"/opportunities/{opportunity}/addTags", json={"tags": ["x"]}).status_code == status


def test_answers_are_lost_after_their_effect_by_share(account: Running, lever: httpx.Client) -> None:
    """Row 26"""
    opportunity = some(lever)["id"]
    account.configure(lost_share=1.0)
    with pytest.raises(httpx.TransportError):
        write(lever, opportunity, "addTags", tags=["arrived"])
    account.configure(lost_share=0.0)
    assert "arrived" in read(lever, opportunity)["tags"]


@pytest.mark.parametrize("kind", ["equal", "other"])
def test_the_candidate_of_an_event_is_the_opportunity_or_another_id(
    account: Running, lever: httpx.Client, kind: str
) -> None:
    """Row 28"""
    account.configure(webhook_candidate_id=kind, webhook_retries=0)
    subscribe(lever, ELSEWHERE, "candidateStageChange")
    write(lever, some(lever)["id"], "stage", stage="offer")
    (body,) = sent(account)
    assert (body["data"]["candidateId"] == body["data"]["opportunityId"]) is (kind == "equal")


def test_only_attested_fields_are_sent_where_switched(account: Running, lever: httpx.Client) -> None:
    """Row 28"""
    account.configure(webhook_fields="attested", webhook_retries=0)
    for event in ("candidateHired", "candidateArchiveChange", "candidateDeleted", "applicationCreated"):
        subscribe(lever, ELSEWHERE, event)
    create(lever, postings=[first(lever, "/postings")["id"]])
    opportunity = active(lever)["id"]
    write(lever, opportunity, "archived", reason=reason(lever, "hired"))
    account.delete(opportunity)
    assert {body["event"]: set(body["data"]) for body in sent(account)} == {
        "applicationCreated": {"applicationId", "opportunityId"},
        "candidateArchiveChange": {"opportunityId", "fromArchived", "toArchived"},
        "candidateHired": {"opportunityId"},
        "candidateDeleted": {"opportunityId"},
    }


@pytest.mark.parametrize("ordered", [False, True])
def test_deliveries_to_one_address_wait_for_one_another_only_where_switched(
    account: Running, lever: httpx.Client, ordered: bool
) -> None:
    """Row 29: one that fails holds the next back, or does not"""
    account.configure(webhook_ordered=ordered, webhook_wait_s=0.05 if ordered else 60.0)
    opportunity = some(lever)["id"]
    with receiver(500) as held:
        subscribe(lever, held.url, "candidateStageChange")
        for stage in ("offer", "lead-new"):
            write(lever, opportunity, "stage", stage=stage)
        got = [held.got.get(timeout=10)[1]["data"]["toStageId"] for _ in range(2 + ordered)]
    if ordered:
        assert got == ["offer", "offer", "lead-new"]
    else:
        assert sorted(got) == ["lead-new", "offer"]


def test_an_unknown_field_is_in_objects_only_where_switched(account: Running, lever: httpx.Client) -> None:
    """Row 32, section 1.1"""
    for on in (False, True):
        account.configure(extra_fields=on)
        assert ("futureField" in some(lever)) is on


@pytest.mark.parametrize("seconds", [60.0, 3600.0])
def test_access_tokens_live_as_long_as_switched(account: Running, seconds: float) -> None:
    """Row 34"""
    account.configure(oauth_expiry_s=seconds)
    tokens = Client(account).tokens()
    assert tokens["expires_in"] == seconds
    for wait, status in ((seconds - 1, 200), (2, 401)):
        later(account, wait)
        assert get(account, "/tags", tokens["access_token"]) == status


@pytest.mark.parametrize("anywhere", [False, True])
def test_other_computers_are_reached_only_where_switched(
    account: Running, lever: httpx.Client, anywhere: bool
) -> None:
    """Beside the table: an address that is this computer's, but is not known to be"""
    account.configure(webhook_anywhere=anywhere, webhook_retries=0)
    with receiver() as held:
        url = held.url.replace("127.0.0.1", "127.1")
        made = lever.post("/webhooks", json={"url": url, "event": "candidateStageChange"})
        assert made.status_code == (201 if anywhere else 400)
        write(lever, some(lever)["id"], "stage", stage="offer")
        if anywhere:
            assert held.got.get(timeout=10)[1]["event"] == "candidateStageChange"


def test_answers_take_as_long_as_switched(account: Running, lever: httpx.Client) -> None:
    """Beside the table"""
    account.configure(latency_ms=40.0)
    lever.get("/tags")
    entry: dict[str, Any] = account.log()[-1]
    assert entry["ms"] > 10


@pytest.mark.parametrize("nulls", ["dropped", "kept"])
def test_those_never_updated_are_dropped_by_updated_at_or_kept(
    account: Running, lever: httpx.Client, nulls: str
) -> None:
    """Beside the table"""
    account.configure(updated_filter_nulls=nulls)
    found = walk(lever, "/opportunities", updated_at_start=1, limit=7)
    assert (None in {item["updatedAt"] for item in found}) is (nulls == "kept")


@pytest.mark.parametrize(("ends", "kept"), [("both", [1, 1]), ("start", [1, 0]), ("end", [0, 1])])
def test_a_range_includes_both_ends_or_only_one(
    account: Running, lever: httpx.Client, ends: str, kept: list[int]
) -> None:
    """Beside the table"""
    account.configure(range_ends=ends)
    one = some(lever)
    at = one["createdAt"]
    windows = ({"created_at_start": at, "created_at_end": at + 1}, {"created_at_start": at - 1})
    found = [walk(lever, "/opportunities", **{"created_at_end": at, **window}) for window in windows]
    assert [sum(item["id"] == one["id"] for item in items) for items in found] == kept


@pytest.mark.parametrize(("kind", "wanted"), [("union", [0, -1]), ("first", [0]), ("last", [-1])])
def test_repeated_contacts_unite_or_one_of_them_counts(
    account: Running, lever: httpx.Client, kind: str, wanted: list[int]
) -> None:
    """Beside the table"""
    account.configure(contact_ids=kind, max_contact_ids=2)
    everything = walk(lever, "/opportunities")
    both = [everything[0]["contact"], everything[-1]["contact"]]
    found = walk(lever, "/opportunities", contact_id=both)
    assert {item["contact"] for item in found} == {both[place] for place in wanted}
    assert lever.get("/opportunities", params={"contact_id": [*both, "x"]}).status_code == 400


@pytest.mark.parametrize("counted", ["all", "active", "non-confidential"])
def test_counts_of_tags_leave_out_whom_they_are_switched_to(
    account: Running, lever: httpx.Client, counted: str
) -> None:
    """Beside the table"""
    hidden, archived = [item["id"] for item in walk(lever, "/opportunities", archived="false")[:2]]
    account.set_confidential(hidden)
    account.archive(archived, reason(lever))
    account.configure(tag_counts=counted)
    for one in (hidden, archived):
        account.add_tags(one, ["counted"])
    assert {item["text"]: item["count"] for item in walk(lever, "/tags")}["counted"] == 1 + (counted == "all")


@pytest.mark.parametrize("order", ["stage", "newest"])
def test_listings_begin_with_the_first_stage_or_with_the_newest(
    account: Running, lever: httpx.Client, order: str
) -> None:
    """Beside the table"""
    account.configure(listing_order=order)
    found = walk(lever, "/opportunities", limit=7)
    assert len(found) == len({item["id"] for item in found}) == len(walk(lever, "/opportunities"))
    times = [item["createdAt"] for item in found]
    assert (times == sorted(times, reverse=True)) is (order == "newest")
