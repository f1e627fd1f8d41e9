"""Section 3 of the reference: what lists and objects of opportunities are, and what writes do to them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from emulator.test_section_1 import WRITES, first
from support.emulator_accounts import served, some, walk

from leverkit.emulator import Running

BLANK = {"name": "", "headline": "", "location": "", "phones": [], "emails": [], "links": []}
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
DAY = 86_400_000


def read(lever: httpx.Client, identifier: str, **params: Any) -> dict[str, Any]:
    found: dict[str, Any] = lever.get(f"/opportunities/{identifier}", params=params).json()["data"]
    return found


def create(lever: httpx.Client, **body: Any) -> httpx.Response:
    user = first(lever, "/users")["id"]
    return lever.post("/opportunities", json={"name": "N", **body}, params={"perform_as": user})


def write(lever: httpx.Client, identifier: str, verb: str, **body: Any) -> dict[str, Any]:
    method, default = WRITES[verb]
    answer = lever.request(method, f"/opportunities/{identifier}/{verb}", json=body or default)
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


def reason(lever: httpx.Client, kind: str = "non-hired") -> str:
    found: str = walk(lever, "/archive_reasons", type=kind)[0]["id"]
    return found


def active(lever: httpx.Client) -> dict[str, Any]:
    """Return an active opportunity with an application and a person's data."""
    found = walk(lever, "/opportunities", archived="false")
    return next(item for item in found if item["applications"] and item["emails"])


# 3.1


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
    of = {item["id"]: [one["posting"] for one in item["applications"]] for item in everything}
    two = list(dict.fromkeys(posting for postings in of.values() for posting in postings))[:2]
    wanted = {item["id"] for item in everything if set(of[item["id"]]) & set(two)}
    assert {item["id"] for item in walk(reader, "/opportunities", posting_id=two)} == wanted
    archived = {item["id"] for item in everything if item["archived"]} & wanted
    assert {item["id"] for item in walk(reader, "/opportunities", archived_posting_id=two)} == archived
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
    one = some(lever)
    create(lever, contact=one["contact"])
    for email in (one["emails"][0], one["emails"][0].upper()):
        found = walk(lever, "/opportunities", email=email)
        assert {item["contact"] for item in found} == {one["contact"]}
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
            assert [one["id"] for one in objects] == (before if kind is list else [before])


def test_include_takes_fields_away_from_single_ones_too(reader: httpx.Client) -> None:
    """3.1, 3.2"""
    one = first(reader, "/opportunities")["id"]
    assert set(read(reader, one, include=["id", "tags"])) == {"id", "tags"}
    assert isinstance(read(reader, one, expand=["contact", "stage"])["contact"], dict)


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
    one, two = [item["id"] for item in lever.get("/opportunities", params={"limit": 2}).json()["data"]]
    account.add_tags(one, ["left"])
    account.add_tags(two, ["right"])
    found = walk(lever, "/opportunities", tag=["left", "right"])
    assert {item["id"] for item in found} == {one, two}


def test_updates_of_postings_are_filtered_alone_or_with_confidentiality(reader: httpx.Client) -> None:
    """3.1"""
    alone = walk(reader, "/postings", updated_at_start=1, confidentiality="all")
    assert len(alone) == len(walk(reader, "/postings", confidentiality="all"))
    for name in ("state", "team", "department", "location", "commitment", "tag"):
        assert reader.get("/postings", params={"updated_at_start": 1, name: "x"}).status_code == 400


# 3.2


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
    one = active(lever)
    account.delete(one["id"])
    (row,) = lever.get("/applications/deleted").json()["data"]
    assert set(row) == {"id", "deletedAt", "opportunityId", "postingId"}
    assert (row["id"], row["opportunityId"]) == (one["applications"][0], one["id"])
    assert {tuple(posting) for posting in walk(crowd, "/postings/deleted")} == {("id", "deletedAt")}


def test_file_actions_and_applications_are_lists_under_an_opportunity(reader: httpx.Client) -> None:
    """3.2"""
    one = next(item for item in walk(reader, "/opportunities") if item["applications"])
    assert reader.get(f"/opportunities/{one['id']}/file_actions").json() == {"data": [], "hasNext": False}
    (application,) = reader.get(f"/opportunities/{one['id']}/applications").json()["data"]
    assert application == read(reader, one["id"], expand="applications")["applications"][0]


def test_single_reads_show_active_and_archived_ones_as_lists_do(reader: httpx.Client) -> None:
    """3.2"""
    found = {item["archived"] is None: item for item in walk(reader, "/opportunities")}
    assert len(found) == 2
    for item in found.values():
        assert read(reader, item["id"]) == item


# 3.3


@pytest.mark.parametrize(
    "verb", ["addTags", "removeTags", "addSources", "removeSources", "stage", "archived"]
)
def test_a_mutation_answers_with_blank_contact_fields_and_no_location(lever: httpx.Client, verb: str) -> None:
    """3.3, 9.4, row 4"""
    one = active(lever)
    answer = write(lever, one["id"], verb)
    assert {name: answer[name] for name in BLANK} == BLANK
    assert "opportunityLocation" not in answer
    after = read(lever, one["id"])
    assert {name: after[name] for name in BLANK} == {name: one[name] for name in BLANK}
    assert after["opportunityLocation"] == one["opportunityLocation"]


@pytest.mark.parametrize("verb", ["addLinks", "removeLinks"])
def test_link_writes_answer_with_the_contact_and_without_location(lever: httpx.Client, verb: str) -> None:
    """3.3"""
    one = active(lever)
    answer = write(lever, one["id"], verb)
    assert (answer["name"], answer["emails"]) == (one["name"], one["emails"])
    assert ("https://example.com/x" in answer["links"]) is (verb == "addLinks")
    assert "opportunityLocation" not in answer


def test_creating_answers_with_the_contact_without_location_and_is_bumped_later(lever: httpx.Client) -> None:
    """3.3, 3.5"""
    posting = first(lever, "/postings")["id"]
    made = create(lever, emails=["n@example.com"], postings=[posting]).json()["data"]
    assert (made["name"], made["emails"]) == ("N", ["n@example.com"])
    after = read(lever, made["id"])
    assert after.pop("opportunityLocation")
    assert after.pop("updatedAt") > made.pop("updatedAt")
    assert after == made


def test_one_call_takes_many_tags_with_anything_in_them(lever: httpx.Client) -> None:
    """3.4, 3.3, 9.4, row 11"""
    one = some(lever)
    tags = ["🦄 pool", "sync: 2026-07-02T06:43:50Z", "San Francisco, CA", "R&D", "Half-Time", "Half-time"]
    assert write(lever, one["id"], "addTags", tags=tags)["tags"] == [*one["tags"], *tags]
    for tag in tags:
        assert [item["id"] for item in walk(lever, "/opportunities", tag=tag, contact_id=one["contact"])] == [
            one["id"]
        ]
    assert {"count": 1, "text": "🦄 pool"} in walk(lever, "/tags")


def test_archived_ones_are_tagged_and_stay_archived(lever: httpx.Client) -> None:
    """3.3, 3.4"""
    found = walk(lever, "/opportunities", archived="true")
    one = next(item for item in found if not item["isAnonymized"])
    answer = write(lever, one["id"], "addTags")
    assert (answer["archived"], answer["tags"]) == (one["archived"], [*one["tags"], "x"])


def test_a_tag_change_bumps_updated_at_and_no_other_time(lever: httpx.Client) -> None:
    """3.3, 9.4"""
    one = some(lever)
    for verb in ("addTags", "removeTags"):
        before = read(lever, one["id"])
        write(lever, one["id"], verb)
        after = read(lever, one["id"])
        assert after["updatedAt"] > (before["updatedAt"] or 0)
        for time in ("createdAt", "lastInteractionAt", "lastAdvancedAt"):
            assert after[time] == before[time]


def test_a_read_after_a_write_shows_what_the_answer_said(lever: httpx.Client) -> None:
    """3.3"""
    one = some(lever)["id"]
    answer, after = write(lever, one, "addTags"), read(lever, one)
    for name in answer.keys() - BLANK.keys():
        assert answer[name] == after[name]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "/opportunities/{id}/tags", 404),
        ("POST", "/opportunities/{id}/tags", 404),
        ("PUT", "/opportunities/{id}", 405),
        ("DELETE", "/opportunities/{id}", 405),
        ("POST", "/opportunities/addTags", 405),
        ("POST", "/tags", 405),
        ("DELETE", "/contacts/{contact}", 405),
        ("POST", "/contacts/{contact}/addTags", 404),
    ],
)
def test_tags_are_not_replaced_nor_changed_in_bulk_and_nothing_is_deleted(
    account: Running, lever: httpx.Client, method: str, path: str, status: int
) -> None:
    """3.3, 3.6, 5, 6"""
    before = account.state()
    answer = lever.request(method, path.format(**some(lever)), json={"tags": ["x"]})
    assert (answer.status_code, set(answer.json())) == (status, {"code", "message"})
    assert account.state() == before


def test_there_is_no_etag_and_no_condition_is_heeded(lever: httpx.Client) -> None:
    """3.3"""
    one = some(lever)["id"]
    assert "etag" not in lever.get(f"/opportunities/{one}").headers
    headers = {"if-match": '"other"', "idempotency-key": "k"}
    for tag in ("x", "y"):
        sent = lever.post(f"/opportunities/{one}/addTags", json={"tags": [tag]}, headers=headers)
        assert sent.json()["data"]["tags"][-1] == tag


# 3.4


def test_levers_recipe_for_a_tag_about_the_person_reaches_every_opportunity(lever: httpx.Client) -> None:
    """3.4: contact of the one, all opportunities of the contact, a write to each"""
    one = some(lever)
    create(lever, contact=one["contact"])
    siblings = walk(lever, "/opportunities", contact_id=one["contact"], confidentiality="all")
    assert len(siblings) >= 2
    write(lever, one["id"], "addTags", tags=["only here"])
    for item in siblings:
        write(lever, item["id"], "addTags", tags=["about the person"])
    after = walk(lever, "/opportunities", contact_id=one["contact"], confidentiality="all")
    assert all("about the person" in item["tags"] for item in after)
    assert ["only here" in item["tags"] for item in after] == [item["id"] == one["id"] for item in after]


def test_creating_on_a_contact_adds_to_the_contact_and_tags_only_the_new_one(lever: httpx.Client) -> None:
    """3.4, 3.6"""
    one = some(lever)
    phone = {"type": "work", "value": "555-0199"}
    made = create(
        lever,
        contact=one["contact"],
        emails=["more@example.com"],
        phones=[phone],
        links=["https://example.com/more"],
        tags=["new one"],
    ).json()["data"]
    after = read(lever, one["id"])
    assert (after["emails"], after["phones"]) == (
        [*one["emails"], "more@example.com"],
        [*one["phones"], phone],
    )
    assert after["links"][-1] == "https://example.com/more"
    assert (after["tags"], made["tags"], made["name"]) == (one["tags"], ["new one"], one["name"])


def test_active_opportunities_show_the_tags_of_their_posting(reader: httpx.Client) -> None:
    """3.4: title, department, team, location, work type, then the posting's own"""
    postings = {posting["id"]: posting for posting in walk(reader, "/postings", confidentiality="all")}
    seen = 0
    for item in walk(reader, "/opportunities", archived="false", expand="applications"):
        posting = postings.get(item["applications"][0]["posting"]) if item["applications"] else None
        if posting is not None:
            named = [posting["categories"][name] for name in ("department", "team", "location", "commitment")]
            tags = list(dict.fromkeys([posting["text"], *named, *posting["tags"]]))
            assert item["tags"][: len(tags)] == tags
            seen += 1
    assert seen > 20


def test_admins_rename_merge_and_remove_texts_for_every_opportunity(
    account: Running, lever: httpx.Client
) -> None:
    """3.4"""
    one, two = [item["id"] for item in lever.get("/opportunities", params={"limit": 2}).json()["data"]]
    account.add_tags(one, ["old", "kept"])
    account.add_tags(two, ["old"])
    account.human("rename_tag", tag="old", into="kept")
    assert [read(lever, item)["tags"].count("kept") for item in (one, two)] == [1, 1]
    account.human("rename_tag", tag="kept")
    assert not {"old", "kept"} & {item["text"] for item in walk(lever, "/tags")}
    source = read(lever, one)["sources"][0]
    account.human("rename_source", source=source, into="Renamed")
    assert "Renamed" in read(lever, one)["sources"]
    assert source not in {item["text"] for item in walk(lever, "/sources")}


def test_a_tag_is_counted_on_active_and_archived_and_goes_with_its_last(lever: httpx.Client) -> None:
    """3.4, 6"""
    ids = {item["archived"] is None: item["id"] for item in walk(lever, "/opportunities") if item["emails"]}
    assert len(ids) == 2
    for expected, item in enumerate(ids.values(), start=1):
        write(lever, item, "addTags", tags=["fleeting"])
        assert {"count": expected, "text": "fleeting"} in walk(lever, "/tags")
    for item in ids.values():
        write(lever, item, "removeTags", tags=["fleeting"])
    assert "fleeting" not in {item["text"] for item in walk(lever, "/tags")}


# 3.5


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
    one = active(lever)["id"]

    def state() -> tuple[int, int, int]:
        shown = read(lever, one, expand="applications")
        application = shown["applications"][0]["archived"]["archivedAt"]
        return shown["archived"]["archivedAt"], shown["lastAdvancedAt"], application

    write(lever, one, "archived", reason=reason(lever))
    at, advanced, application = state()
    assert at == advanced == application
    write(lever, one, "archived", reason=reason(lever))
    assert state() == (state()[0], advanced, application)
    assert state()[0] > at
    write(lever, one, "archived", reason=None)
    assert read(lever, one, expand="applications")["applications"][0]["archived"] is None


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
    one = active(lever)
    body = {"reason": reason(lever)} if field == "archived" else UPDATES[field][1]
    write(lever, one["id"], UPDATES[field][0], **body)
    after = read(lever, one["id"])
    assert after[field] != one[field]
    assert after["updatedAt"] > (one["updatedAt"] or 0)


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "M"), ("headline", "H"), ("location", "L"), ("emails", ["m@example.com"]), ("phones", [])],
)
def test_a_change_of_the_contact_bumps_all_its_opportunities(
    lever: httpx.Client, field: str, value: Any
) -> None:
    """3.5, 9.1"""
    one = some(lever)
    made = create(lever, contact=one["contact"], phones=[{"value": "1"}]).json()["data"]["id"]
    before = [read(lever, item) for item in (one["id"], made)]
    lever.put(f"/contacts/{one['contact']}", json={field: value})
    for item in before:
        after = read(lever, item["id"])
        assert after[field] == value != item[field]
        assert after["updatedAt"] > item["updatedAt"]


def test_merging_confidentiality_anonymizing_and_applying_bump_updated_at(
    account: Running, lever: httpx.Client
) -> None:
    """3.5, 9.2"""
    one = active(lever)
    other = next(
        item["contact"] for item in walk(lever, "/opportunities") if item["contact"] != one["contact"]
    )
    posting = read(lever, one["id"], expand="applications")["applications"][0]["posting"]
    acts = [
        lambda: account.merge(one["contact"], other),
        lambda: account.human("set_posting_confidential", posting=posting, confidential=True),
        lambda: lever.post(f"/candidates/{one['id']}/addPostings", json={"postings": [posting]}),
        lambda: account.anonymize(one["id"]),
    ]
    last = one["updatedAt"] or 0
    for act in acts:
        act()
        now = read(lever, one["id"])["updatedAt"]
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


# 3.6


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
        one = other.create(emails=["twice@example.com"], name="N")
        two = other.create(emails=["twice@example.com"], name="N")
        assert read(lever, one)["contact"] != read(lever, two)["contact"]
        assert len(walk(lever, "/opportunities", email="twice@example.com")) == 2
