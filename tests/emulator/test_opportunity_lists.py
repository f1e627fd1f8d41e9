"""Section 3 of the reference: listing opportunities, active, archived and deleted ones."""

from __future__ import annotations

import httpx
import pytest
from support.emulator_accounts import served, some, walk
from support.emulator_requests import active, create, first, read

from leverkit.emulator import Running

DAY = 86_400_000


@pytest.mark.parametrize("archived", ["true", "false", None])
def test_archived_is_true_false_or_both(reader: httpx.Client, archived: str | None) -> None:
    """3.1, 9.4"""
    params = {} if archived is None else {"archived": archived}
    kinds = {item["archived"] is not None for item in walk(reader, "/opportunities", **params)}
    assert kinds == {"true": {True}, "false": {False}, None: {True, False}}[archived]


def test_snoozed_is_true_false_or_both(crowd: httpx.Client) -> None:
    """3.1"""
    found = {
        value: {item["id"] for item in walk(crowd, "/opportunities", snoozed=value)}
        for value in ("true", "false")
    }
    everything = walk(crowd, "/opportunities")
    assert found["true"] == {item["id"] for item in everything if item["snoozedUntil"]} != set()
    assert found["false"] == {item["id"] for item in everything if not item["snoozedUntil"]}


def test_posting_filters_follow_the_application(reader: httpx.Client) -> None:
    """3.1: posting_id whatever became of the application, archived_posting_id only archived ones"""
    everything = walk(reader, "/opportunities", expand="applications")
    of = {item["id"]: [opportunity["posting"] for opportunity in item["applications"]] for item in everything}
    second = list(dict.fromkeys(posting for postings in of.values() for posting in postings))[:2]
    wanted = {item["id"] for item in everything if set(of[item["id"]]) & set(second)}
    assert {item["id"] for item in walk(reader, "/opportunities", posting_id=second)} == wanted
    archived = {item["id"] for item in everything if item["archived"]} & wanted
    assert {item["id"] for item in walk(reader, "/opportunities", archived_posting_id=second)} == archived
    assert archived not in (set(), wanted)


def test_archived_at_includes_both_ends_and_active_ones_never(reader: httpx.Client) -> None:
    """3.1"""
    times = sorted(item["archived"]["archivedAt"] for item in walk(reader, "/opportunities", archived="true"))
    low, high = times[3], times[9]
    found = walk(reader, "/opportunities", archived_at_start=low, archived_at_end=high)
    assert sorted(item["archived"]["archivedAt"] for item in found) == [
        at for at in times if low <= at <= high
    ]


def test_an_email_finds_its_contact_in_any_case_and_all_its_opportunities(lever: httpx.Client) -> None:
    """3.1, 5"""
    opportunity = some(lever)
    create(lever, contact=opportunity["contact"])
    for email in (opportunity["emails"][0], opportunity["emails"][0].upper()):
        found = walk(lever, "/opportunities", email=email)
        assert {item["contact"] for item in found} == {opportunity["contact"]}
        assert len(found) >= 2
    assert walk(lever, "/opportunities", email="nobody@example.com") == []


def test_what_is_no_address_is_refused_in_levers_words(reader: httpx.Client) -> None:
    """3.1, 7.2"""
    answer = reader.get("/opportunities", params={"email": "nobody"})
    expected = {"code": "BadRequestError", "message": "Email address is not valid"}
    assert (answer.status_code, answer.json()) == (400, expected)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/opportunities", "posting"),
        ("/postings", "owner,user"),
        ("/postings", "stage"),
        ("/opportunities", "stage,owner"),
    ],
)
def test_an_unknown_or_comma_joined_expand_is_refused(reader: httpx.Client, path: str, value: str) -> None:
    """3.1, 7.2, 9.4"""
    answer = reader.get(path, params={"expand": value})
    expected = {"code": "BadRequestError", "message": f"{value} is not expandable"}
    assert (answer.status_code, answer.json()) == (400, expected)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("applications", list),
        ("stage", dict),
        ("owner", dict),
        ("followers", list),
        ("sourcedBy", dict),
        ("contact", dict),
    ],
)
def test_each_expandable_field_becomes_objects_and_wins_over_include(
    reader: httpx.Client, name: str, kind: type
) -> None:
    """3.1, 3.5: unexpanded they are ids"""
    plain = {item["id"]: item[name] for item in walk(reader, "/opportunities") if item[name]}
    shown = walk(reader, "/opportunities", expand=name, include=["id"])
    assert {tuple(item) for item in shown} <= {("id", name), (name, "id")}
    for item in shown:
        if item["id"] in plain:
            objects = item[name] if kind is list else [item[name]]
            before = plain[item["id"]]
            assert [opportunity["id"] for opportunity in objects] == (before if kind is list else [before])


def test_include_takes_fields_away_from_single_ones_too(reader: httpx.Client) -> None:
    """3.1, 3.2"""
    opportunity = first(reader, "/opportunities")["id"]
    assert set(read(reader, opportunity, include=["id", "tags"])) == {"id", "tags"}
    assert isinstance(read(reader, opportunity, expand=["contact", "stage"])["contact"], dict)


@pytest.mark.parametrize(
    "params",
    [
        {"name": "Nobody"},
        {"owner": "nobody"},
        {"follower": "nobody"},
        {"not_tag": "x"},
        {"include_deleted": "true"},
    ],
)
def test_there_is_no_filter_by_name_owner_follower_or_missing_tag(
    account: Running, lever: httpx.Client, params: dict[str, str]
) -> None:
    """3.1"""
    account.delete(some(lever)["id"])
    assert walk(lever, "/opportunities", **params) == walk(lever, "/opportunities")


def test_two_tags_are_a_union_and_never_an_intersection(account: Running, lever: httpx.Client) -> None:
    """3.1"""
    opportunity, second = [
        item["id"] for item in lever.get("/opportunities", params={"limit": 2}).json()["data"]
    ]
    account.add_tags(opportunity, ["left"])
    account.add_tags(second, ["right"])
    found = walk(lever, "/opportunities", tag=["left", "right"])
    assert {item["id"] for item in found} == {opportunity, second}


def test_updates_of_postings_are_filtered_alone_or_with_confidentiality(reader: httpx.Client) -> None:
    """3.1"""
    alone = walk(reader, "/postings", updated_at_start=1, confidentiality="all")
    assert len(alone) == len(walk(reader, "/postings", confidentiality="all"))
    for name in ("state", "team", "department", "location", "commitment", "tag"):
        assert reader.get("/postings", params={"updated_at_start": 1, name: "x"}).status_code == 400


def test_deleted_ones_are_listed_by_time_with_who_and_when(account: Running, lever: httpx.Client) -> None:
    """3.2, 3.5, 9.3"""
    assert lever.get("/opportunities/deleted").json() == {"data": [], "hasNext": False}
    gone = [item["id"] for item in lever.get("/opportunities", params={"limit": 3}).json()["data"]]
    for item in gone:
        account.delete(item)
    found = walk(lever, "/opportunities/deleted", limit=2)
    assert [item["id"] for item in found] == gone
    users = {user["id"] for user in walk(lever, "/users")}
    assert {item["deletedBy"] for item in found} <= users
    at = [item["deletedAt"] for item in found]
    middle = walk(lever, "/opportunities/deleted", deleted_at_start=at[1], deleted_at_end=at[1])
    assert [item["id"] for item in middle] == [gone[1]]
    assert [item["id"] for item in walk(lever, "/opportunities/deleted", deleted_at_start=at[1])] == gone[1:]
    assert not set(gone) & {item["id"] for item in walk(lever, "/opportunities")}
    assert not any("deletedAt" in item or "deletedBy" in item for item in walk(lever, "/opportunities"))


@pytest.mark.parametrize("path", ["/applications/deleted", "/postings/deleted"])
def test_deleted_applications_and_postings_are_asked_for_by_windows_of_thirty_days(path: str) -> None:
    """3.2: both ends or, as was seen, none"""
    with served(60) as (account, lever):
        account.delete(active(lever)["id"])
        end = lever.get(path).json()["data"][-1]["deletedAt"]
        window = {"deleted_at_start": end - 30 * DAY, "deleted_at_end": end}
        assert lever.get(path, params=window).json()["data"] != []
        assert lever.get(path, params={**window, "deleted_at_end": end + 1}).status_code == 400
        assert lever.get(path, params={"deleted_at_start": end}).status_code == 400
        assert lever.get(path, params={"deleted_at_end": end}).status_code == 400


def test_deleted_applications_name_their_opportunity_and_posting_deleted_postings_nothing(
    account: Running, lever: httpx.Client, crowd: httpx.Client
) -> None:
    """3.2"""
    opportunity = active(lever)
    account.delete(opportunity["id"])
    (row,) = lever.get("/applications/deleted").json()["data"]
    assert set(row) == {"id", "deletedAt", "opportunityId", "postingId"}
    assert (row["id"], row["opportunityId"]) == (opportunity["applications"][0], opportunity["id"])
    assert {tuple(posting) for posting in walk(crowd, "/postings/deleted")} == {("id", "deletedAt")}


def test_file_actions_and_applications_are_lists_under_an_opportunity(reader: httpx.Client) -> None:
    """3.2"""
    opportunity = next(item for item in walk(reader, "/opportunities") if item["applications"])
    assert reader.get(f"/opportunities/{opportunity['id']}/file_actions").json() == {
        "data": [],
        "hasNext": False,
    }
    (application,) = reader.get(f"/opportunities/{opportunity['id']}/applications").json()["data"]
    assert application == read(reader, opportunity["id"], expand="applications")["applications"][0]


def test_single_reads_show_active_and_archived_ones_as_lists_do(reader: httpx.Client) -> None:
    """3.2"""
    found = {item["archived"] is None: item for item in walk(reader, "/opportunities")}
    assert len(found) == 2
    for item in found.values():
        assert read(reader, item["id"]) == item
