"""Section 3 of the reference: the fields of opportunities and applications, and creating opportunities."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from support.emulator_accounts import served, some, walk
from support.emulator_requests import active, create, first, read, reason, write

from leverkit.emulator import Running

APPLICATION = [
    "id",
    "type",
    "candidateId",
    "opportunityId",
    "posting",
    "postingHiringManager",
    "postingOwner",
    "name",
    "company",
    "phone",
    "email",
    "links",
    "comments",
    "user",
    "customQuestions",
    "createdAt",
    "archived",
    "requisitionForHire",
    "ipAddress",
    "referer",
    "userAgent",
    "acceptLanguage",
    "timezone",
]


NULLABLE: dict[str, tuple[type, ...]] = {
    "archived": (dict, type(None)),
    "sourcedBy": (str, type(None)),
    "owner": (str, type(None)),
    "updatedAt": (int, type(None)),
    "snoozedUntil": (int, type(None)),
    "dataProtection": (dict, type(None)),
}


@pytest.mark.parametrize("name", NULLABLE)
def test_fields_that_may_be_null_are_now_and_then(crowd: httpx.Client, name: str) -> None:
    """3.5"""
    kinds = {type(item[name]) for item in walk(crowd, "/opportunities")}
    assert kinds == set(NULLABLE[name])


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (str, ("id", "name", "contact", "headline", "stage", "location", "origin")),
        (list, ("phones", "emails", "links", "tags", "sources", "stageChanges", "followers", "applications")),
        (int, ("createdAt", "lastInteractionAt", "lastAdvancedAt")),
        (bool, ("isAnonymized",)),
    ],
)
def test_other_fields_have_one_type(reader: httpx.Client, kind: type, names: tuple[str, ...]) -> None:
    """3.5, 7.3"""
    for item in walk(reader, "/opportunities", confidentiality="all"):
        assert {type(item[name]) for name in names} == {kind}


def test_the_inner_shapes_are_levers(reader: httpx.Client) -> None:
    """3.5, 7.3"""
    origins, phones, protections = set(), set(), set()
    for item in walk(reader, "/opportunities", confidentiality="all"):
        origins.add(item["origin"])
        phones |= {(phone.get("type", "absent"), tuple(phone)[-1]) for phone in item["phones"]}
        protections.add(str(item["dataProtection"]))
        assert item["confidentiality"] in ("confidential", "non-confidential")
        assert item["archived"] is None or set(item["archived"]) == {"reason", "archivedAt"}
        assert set(item["urls"]) == {"list", "show"}
        assert item["urls"]["list"] == "https://hire.lever.co/candidates"
        assert item["urls"]["show"] == f"https://hire.lever.co/candidates/{item['id']}"
        for change in item["stageChanges"]:
            assert set(change) | {"userId"} == {"toStageId", "toStageIndex", "updatedAt", "userId"}
        assert not {"archivedAt", "archiveReason", "resume"} & set(item)
    assert origins == {"agency", "applied", "internal", "referred", "sourced", "university"}
    assert phones == {("mobile", "value"), (None, "value"), ("absent", "value")}
    consent = {"store": {"allowed": True, "expiresAt": 1893456000000}}
    consent |= {"contact": {"allowed": False, "expiresAt": None}}
    assert protections == {"None", str(consent)}


def test_some_have_no_name_no_email_no_application_or_a_move_without_a_user(crowd: httpx.Client) -> None:
    """3.5, 9.1, 9.4"""
    found = walk(crowd, "/opportunities", confidentiality="all")
    changes = [change for item in found for change in item["stageChanges"]]
    assert any(item["name"] == "" for item in found)
    assert any(item["emails"] == [] for item in found)
    assert {len(item["applications"]) for item in found} == {0, 1}
    assert {"userId" in change for change in changes} == {True, False}
    assert any(not item["applications"] and "opportunityLocation" not in item for item in found)


def test_the_location_is_the_postings_unspecified_for_several_and_absent_without(
    account: Running, lever: httpx.Client
) -> None:
    """3.5"""
    posting = first(lever, "/postings")["id"]

    def place(**categories: Any) -> str | None:
        account.human("edit_posting", identifier=posting, fields={"categories": categories})
        made: str = create(lever, postings=[posting]).json()["data"]["id"]
        found: str | None = read(lever, made).get("opportunityLocation")
        return found

    assert place(location="Oslo", allLocations=["Oslo"]) == "Oslo"
    assert place(location="Oslo", allLocations=["Oslo", "Bergen"]) == "unspecified"
    assert place(location=None, allLocations=[]) is None
    assert "opportunityLocation" not in read(lever, create(lever).json()["data"]["id"])


def test_archiving_sets_last_advanced_once_and_the_application_keeps_its_first_time(
    lever: httpx.Client,
) -> None:
    """3.5"""
    opportunity = active(lever)["id"]

    def state() -> tuple[int, int, int]:
        shown = read(lever, opportunity, expand="applications")
        application = shown["applications"][0]["archived"]["archivedAt"]
        return shown["archived"]["archivedAt"], shown["lastAdvancedAt"], application

    write(lever, opportunity, "archived", reason=reason(lever))
    at, advanced, application = state()
    assert at == advanced == application
    write(lever, opportunity, "archived", reason=reason(lever))
    assert state() == (state()[0], advanced, application)
    assert state()[0] > at
    write(lever, opportunity, "archived", reason=None)
    assert read(lever, opportunity, expand="applications")["applications"][0]["archived"] is None


UPDATES: dict[str, tuple[str, dict[str, Any]]] = {
    "archived": ("archived", {}),
    "stage": ("stage", {}),
    "tags": ("addTags", {}),
    "sources": ("addSources", {}),
    "links": ("addLinks", {}),
}


@pytest.mark.parametrize("field", UPDATES)
def test_writes_bump_updated_at(lever: httpx.Client, field: str) -> None:
    """3.5"""
    opportunity = active(lever)
    body = {"reason": reason(lever)} if field == "archived" else UPDATES[field][1]
    write(lever, opportunity["id"], UPDATES[field][0], **body)
    after = read(lever, opportunity["id"])
    assert after[field] != opportunity[field]
    assert after["updatedAt"] > (opportunity["updatedAt"] or 0)


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "M"), ("headline", "H"), ("location", "L"), ("emails", ["m@example.com"]), ("phones", [])],
)
def test_a_change_of_the_contact_bumps_all_its_opportunities(
    lever: httpx.Client, field: str, value: Any
) -> None:
    """3.5, 9.1"""
    opportunity = some(lever)
    made = create(lever, contact=opportunity["contact"], phones=[{"value": "1"}]).json()["data"]["id"]
    before = [read(lever, item) for item in (opportunity["id"], made)]
    lever.put(f"/contacts/{opportunity['contact']}", json={field: value})
    for item in before:
        after = read(lever, item["id"])
        assert after[field] == value != item[field]
        assert after["updatedAt"] > item["updatedAt"]


def test_merging_confidentiality_anonymizing_and_applying_bump_updated_at(
    account: Running, lever: httpx.Client
) -> None:
    """3.5, 9.2"""
    opportunity = active(lever)
    other = next(
        item["contact"] for item in walk(lever, "/opportunities") if item["contact"] != opportunity["contact"]
    )
    posting = read(lever, opportunity["id"], expand="applications")["applications"][0]["posting"]
    acts = [
        lambda: account.merge(opportunity["contact"], other),
        lambda: account.human("set_posting_confidential", posting=posting, confidential=True),
        lambda: lever.post(f"/candidates/{opportunity['id']}/addPostings", json={"postings": [posting]}),
        lambda: account.anonymize(opportunity["id"]),
    ]
    last = opportunity["updatedAt"] or 0
    for act in acts:
        act()
        now = read(lever, opportunity["id"])["updatedAt"]
        assert now > last
        last = now


def test_an_application_has_levers_fields_and_the_opportunity_as_candidate(reader: httpx.Client) -> None:
    """9.1, 3.5, 9.4"""
    kinds: dict[str, set[str]] = {}
    for item in walk(reader, "/opportunities", expand="applications"):
        for application in item["applications"]:
            assert list(application) == APPLICATION
            assert application["candidateId"] == application["opportunityId"] == item["id"]
            assert application["phone"] is None or "value" in application["phone"]
            assert (application["user"] is None) is (application["type"] == "posting")
            kinds.setdefault(application["type"], set()).add(item["origin"])
    assert kinds == {
        "posting": {"applied", "agency", "internal"},
        "referral": {"referred"},
        "user": {"sourced", "university"},
    }


def test_repeated_creates_pile_up_on_one_contact(lever: httpx.Client) -> None:
    """9.2, 3.6, 9.4"""
    made = [create(lever, emails=["again@example.com"]).json() for _ in range(3)]
    assert [item["deduped"] for item in made] == [False, True, True]
    assert len({item["data"]["contact"] for item in made}) == 1
    assert len(walk(lever, "/opportunities", email="again@example.com")) == 3


def test_a_form_may_nest_phones_and_the_archive(lever: httpx.Client) -> None:
    """3.6"""
    user, why = first(lever, "/users")["id"], reason(lever)
    form = {"name": "N", "phones[][value]": "555-0100", "createdAt": "1600000000000"}
    form |= {"archived[reason]": why, "archived[archivedAt]": "1600000000001"}
    files = {"files[]": ("a.txt", b"a", "text/plain")}
    made = lever.post("/opportunities", data=form, files=files, params={"perform_as": user}).json()["data"]
    assert (made["phones"], made["createdAt"]) == ([{"value": "555-0100"}], 1_600_000_000_000)
    assert made["archived"] == {"reason": why, "archivedAt": 1_600_000_000_001}


@pytest.mark.parametrize(
    "archived",
    [{"archivedAt": 1}, {"reason": "nope"}, {"reason": "", "archivedAt": 1}],
)
def test_archived_needs_a_reason_that_exists(lever: httpx.Client, archived: dict[str, Any]) -> None:
    """3.6"""
    assert create(lever, archived=archived).status_code == 400


def test_archived_before_it_was_created_is_refused(lever: httpx.Client) -> None:
    """3.6"""
    archived = {"reason": reason(lever), "archivedAt": 1_600_000_000_000}
    assert create(lever, archived=archived, createdAt=1_600_000_000_001).status_code == 400
    assert create(lever, archived=archived, createdAt=1_500_000_000_000).status_code == 201


def test_archiving_takes_clean_interviews_and_a_requisition(lever: httpx.Client) -> None:
    """3.6"""
    body = {"reason": reason(lever, "hired"), "cleanInterviews": True}
    body["requisitionId"] = first(lever, "/requisitions")["id"]
    assert write(lever, active(lever)["id"], "archived", **body)["archived"]["reason"] == body["reason"]


def test_people_in_levers_pages_may_enter_someone_twice(account: Running) -> None:
    """9.2"""
    with served(3) as (other, lever):
        opportunity = other.create(emails=["twice@example.com"], name="N")
        second = other.create(emails=["twice@example.com"], name="N")
        assert read(lever, opportunity)["contact"] != read(lever, second)["contact"]
        assert len(walk(lever, "/opportunities", email="twice@example.com")) == 2
