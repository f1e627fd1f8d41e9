"""Sections 3 to 6 of the reference: creating, moving, archiving, contacts, what hangs on opportunities."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from support.emulator_accounts import client, some, walk

from leverkit.emulator import Running
from leverkit.emulator.account.views import FIELDS
from leverkit.emulator.endpoints.children import KINDS
from leverkit.emulator.server.openapi import SCHEMAS

OBJECT = [name for name in FIELDS if name not in ("deletedBy", "deletedAt")]


def create(lever: httpx.Client, **body: Any) -> httpx.Response:
    user = lever.get("/users").json()["data"][0]["id"]
    return lever.post("/opportunities", json=body, params={"perform_as": user})


def test_opportunities_have_levers_fields_in_levers_order(reader: httpx.Client) -> None:
    """3.5"""
    for item in walk(reader, "/opportunities"):
        assert list(item) == OBJECT[: len(item)]
        assert len(item["applications"]) == ("opportunityLocation" in item)
        assert item["urls"]["show"].endswith(f"/candidates/{item['id']}")
    assert set(SCHEMAS["Opportunity"]["properties"]) == set(FIELDS)


def test_creating_needs_perform_as_and_takes_owner_and_follower_from_it(lever: httpx.Client) -> None:
    """1.4, 3.6"""
    refused = lever.post("/opportunities", json={"name": "N"})
    assert (refused.status_code, "perform_as" in refused.json()["message"]) == (400, True)
    answer = create(lever, name="N", emails=["n@example.com"], tags=["Test"])
    made = answer.json()["data"]
    assert (answer.status_code, list(answer.json()), made["name"]) == (201, ["deduped", "data"], "N")
    assert made["followers"] == [made["owner"]] == [made["sourcedBy"]]


def test_an_email_that_is_known_makes_another_opportunity_of_the_same_contact(lever: httpx.Client) -> None:
    """3.6: existing contact data wins, e-mails cumulate"""
    opportunity = some(lever)
    answer = create(
        lever, name="Other", emails=[opportunity["emails"][0].upper(), "second@example.com"]
    ).json()
    assert (answer["deduped"], answer["data"]["contact"], answer["data"]["name"]) == (
        True,
        opportunity["contact"],
        opportunity["name"],
    )
    assert create(lever, contact=opportunity["contact"]).json()["deduped"] is True
    found = walk(lever, "/opportunities", email="second@example.com", confidentiality="all")
    assert {item["contact"] for item in found} == {opportunity["contact"]}
    assert create(lever, name="N", emails=["new@example.com"]).json()["deduped"] is False


def test_a_posting_brings_its_tags_and_an_application(lever: httpx.Client) -> None:
    """3.6, 3.4, 9.1"""
    posting = lever.get("/postings").json()["data"][0]
    made = create(lever, name="N", tags=["Test"], postings=[posting["id"]]).json()["data"]
    categories = posting["categories"]
    derived = [
        posting["text"],
        *(categories[name] for name in ("department", "team", "location", "commitment")),
    ]
    assert made["tags"] == ["Test", *derived, *posting["tags"]]
    (application,) = lever.get(f"/opportunities/{made['id']}/applications").json()["data"]
    assert (application["posting"], application["candidateId"]) == (posting["id"], made["id"])
    assert "opportunityLocation" not in made
    read = lever.get(f"/opportunities/{made['id']}").json()["data"]
    assert read["opportunityLocation"] == categories["location"]
    assert create(lever, postings=[posting["id"], posting["id"]]).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {"createdAt": 9_999_999_999_999},
        {"archived": {}},
        {"stage": "nowhere"},
        {"tags": "x"},
        {"origin": "x"},
        {"phones": "x"},
    ],
)
def test_what_cannot_be_created_is_refused(
    account: Running, lever: httpx.Client, body: dict[str, Any]
) -> None:
    """3.6"""
    before = account.state()
    assert create(lever, **body).status_code == 400
    assert account.state() == before


def test_a_form_creates_as_json_does(lever: httpx.Client) -> None:
    """3.6"""
    user = lever.get("/users").json()["data"][0]["id"]
    form = {"name": "N", "emails[]": "form@example.com", "tags[]": ["a, b", "c"]}
    files = {"resumeFile": ("r.pdf", b"%PDF", "application/pdf")}
    made = lever.post("/opportunities", data=form, files=files, params={"perform_as": user}).json()["data"]
    assert (made["emails"], made["tags"]) == (["form@example.com"], ["a, b", "c"])


def test_archived_in_the_past_and_anonymized_contacts(account: Running, lever: httpx.Client) -> None:
    """3.6, 9.3"""
    reason = lever.get("/archive_reasons").json()["data"][1]["id"]
    made = create(lever, name="N", archived={"reason": reason}, createdAt=1_600_000_000_000).json()["data"]
    assert (made["archived"]["reason"], made["createdAt"]) == (reason, 1_600_000_000_000)
    account.anonymize(made["id"])
    assert create(lever, contact=made["contact"]).status_code == 400
    assert lever.put(f"/contacts/{made['contact']}", json={"name": "X"}).status_code == 400
    kept = lever.get(f"/opportunities/{made['id']}").json()["data"]
    assert (kept["name"], kept["tags"], kept["origin"]) == ("", made["tags"], made["origin"])


def test_a_stage_change_sets_last_advanced_and_keeps_the_archive(lever: httpx.Client) -> None:
    """3.5, 3.6"""
    opportunity = next(
        item for item in lever.get("/opportunities").json()["data"] if item["archived"] and item["emails"]
    )
    answer = lever.put(f"/opportunities/{opportunity['id']}/stage", json={"stage": "offer"}).json()["data"]
    assert (answer["stage"], answer["archived"]) == ("offer", opportunity["archived"])
    assert answer["lastAdvancedAt"] > opportunity["lastAdvancedAt"]
    assert answer["stageChanges"][-1]["toStageId"] == "offer"
    assert lever.put(f"/opportunities/{opportunity['id']}/stage", json={"stage": "x"}).status_code == 400


def test_archiving_twice_moves_archived_at_and_not_last_advanced(lever: httpx.Client) -> None:
    """3.5"""
    opportunity = next(item for item in lever.get("/opportunities").json()["data"] if not item["archived"])
    path, reason = (
        f"/opportunities/{opportunity['id']}/archived",
        lever.get("/archive_reasons").json()["data"][2]["id"],
    )
    first, second = (lever.put(path, json={"reason": reason}).json()["data"] for _ in range(2))
    assert second["archived"]["archivedAt"] > first["archived"]["archivedAt"]
    assert second["lastAdvancedAt"] == first["lastAdvancedAt"] > opportunity["lastAdvancedAt"]
    assert lever.put(path, json={"reason": None}).json()["data"]["archived"] is None
    assert lever.put(path, json={"reason": "x"}).status_code == 400


def test_links_belong_to_the_contact_sources_to_the_opportunity(lever: httpx.Client) -> None:
    """3.3, 3.6"""
    opportunity = some(lever)
    sibling = create(lever, contact=opportunity["contact"]).json()["data"]["id"]
    path = f"/opportunities/{opportunity['id']}"
    shown = lever.post(f"{path}/addLinks", json={"links": ["https://example.com/l"]}).json()["data"]
    assert (shown["emails"], "opportunityLocation" in shown) == (opportunity["emails"], False)
    assert "https://example.com/l" in lever.get(f"/opportunities/{sibling}").json()["data"]["links"]
    lever.post(f"{path}/removeLinks", json={"links": ["https://example.com/l"]})
    assert lever.get(path).json()["data"]["links"] == opportunity["links"]
    added = lever.post(f"{path}/addSources", json={"sources": ["Radio"]}).json()["data"]
    assert (added["sources"][-1], added["name"]) == ("Radio", "")
    assert {"count": 1, "text": "Radio"} in walk(lever, "/sources")
    assert (
        "Radio"
        not in lever.post(f"{path}/removeSources", json={"sources": ["Radio"]}).json()["data"]["sources"]
    )


def test_a_note_bumps_the_interaction_and_not_the_update(lever: httpx.Client) -> None:
    """3.6, 9.4"""
    opportunity = some(lever)
    note = lever.post(f"/opportunities/{opportunity['id']}/notes", json={"value": "hello"})
    after = lever.get(f"/opportunities/{opportunity['id']}").json()["data"]
    assert (note.status_code, after["updatedAt"]) == (201, opportunity["updatedAt"])
    assert after["lastInteractionAt"] > opportunity["lastInteractionAt"]
    assert lever.get(f"/opportunities/{opportunity['id']}/notes").json()["data"][0] == note.json()["data"]


def test_a_contact_is_updated_in_part_and_on_all_its_opportunities(lever: httpx.Client) -> None:
    """5"""
    opportunity = some(lever)
    before = lever.get(f"/contacts/{opportunity['contact']}").json()["data"]
    answer = lever.put(f"/contacts/{opportunity['contact']}", json={"location": "Oslo"}).json()["data"]
    assert answer["location"] == {"name": "Oslo"}
    assert answer["emails"] == before["emails"]
    assert {"isAnonymized", "dataProtection"} & set(answer) == set()
    assert lever.get(f"/opportunities/{opportunity['id']}").json()["data"]["location"] == "Oslo"
    assert lever.get("/contacts").status_code == 404


def test_an_opportunity_can_be_applied_to_a_posting_and_comes_back_from_the_archive(
    lever: httpx.Client,
) -> None:
    """3.6"""
    opportunity = next(
        item for item in lever.get("/opportunities").json()["data"] if item["archived"] and item["emails"]
    )
    posting = lever.get("/postings").json()["data"][0]
    body = {"postings": [posting["id"]]}
    answer = lever.post(f"/candidates/{opportunity['id']}/addPostings", json=body).json()["data"]
    assert (answer["archived"], posting["text"] in answer["tags"]) == (None, True)
    found = walk(lever, "/opportunities", posting_id=posting["id"], confidentiality="all")
    assert opportunity["id"] in {item["id"] for item in found}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("root", ["opportunities", "candidates"])
def test_everything_under_an_opportunity_is_a_list_of_objects(
    reader: httpx.Client, root: str, kind: str
) -> None:
    """3.2, 4"""
    ids = [item["id"] for item in reader.get("/opportunities", params={"limit": 40}).json()["data"]]
    found = {item: reader.get(f"/{root}/{item}/{kind}").json()["data"] for item in ids}
    kept = next(((item, objects[0]) for item, objects in found.items() if objects), None)
    assert kept is not None or kind == "file_actions"
    if kept is not None:
        assert reader.get(f"/{root}/{kept[0]}/{kind}/{kept[1]['id']}").json()["data"] == kept[1]
        assert reader.get(f"/{root}/{kept[0]}/{kind}/nope").json()["message"] == f"{kind} nope was not found"


@pytest.mark.parametrize(
    "path",
    [
        "/requisitions",
        "/requisition_fields",
        "/feedback_templates",
        "/form_templates",
        "/audit_events",
        "/postings/deleted",
        "/applications/deleted",
        "/opportunities/deleted",
        "/sources",
        "/stages",
        "/archive_reasons",
    ],
)
def test_every_list_that_a_connector_reads_is_there(reader: httpx.Client, path: str) -> None:
    """3.2, 6"""
    found = walk(reader, path, limit=2)
    assert found == walk(reader, path)
    assert len({str(item) for item in found}) == len(found)


def test_other_lists_are_filtered_and_trimmed_too(reader: httpx.Client) -> None:
    """3.1, 6"""
    requisition = walk(reader, "/requisitions")[0]
    assert walk(reader, "/requisitions", requisition_code=requisition["requisitionCode"]) == [requisition]
    assert walk(reader, "/requisitions", status="closed") == []
    assert walk(reader, "/audit_events", target_type="user", include=["id"], limit=3)[0].keys() == {"id"}
    assert reader.get(f"/requisitions/{requisition['id']}").json()["data"] == requisition
    assert {tuple(posting) for posting in walk(reader, "/postings", include=["id", "text"])} == {
        ("id", "text")
    }


def test_templates_users_and_panels_can_be_made_changed_and_removed(lever: httpx.Client) -> None:
    for path in ("/requisitions", "/feedback_templates", f"/opportunities/{some(lever)['id']}/panels"):
        made = lever.post(path, json={"text": "T"}).json()["data"]
        changed = lever.put(f"{path}/{made['id']}", json={"text": "U"}).json()["data"]
        assert (changed["id"], changed["text"]) == (made["id"], "U")
        assert lever.delete(f"{path}/{made['id']}").status_code == 204
        assert lever.get(f"{path}/{made['id']}").status_code == 404


def test_users_are_made_renamed_deactivated_and_back(lever: httpx.Client) -> None:
    """6"""
    made = lever.post("/users", json={"name": "U", "email": "u@example.com"}).json()["data"]
    assert lever.put(f"/users/{made['id']}", json={"name": "V"}).json()["data"]["name"] == "V"
    lever.post(f"/users/{made['id']}/deactivate")
    assert lever.get("/users", params={"email": "u@example.com"}).json()["data"] == []
    lever.post(f"/users/{made['id']}/reactivate")
    assert lever.get("/users", params={"email": "U@EXAMPLE.com"}).json()["data"][0]["name"] == "V"


def test_postings_are_newest_first_filtered_and_expanded(reader: httpx.Client) -> None:
    """6"""
    found = walk(reader, "/postings", limit=3)
    times = [item["createdAt"] for item in found]
    assert times == sorted(times, reverse=True)
    team = found[0]["categories"]["team"]
    assert {posting["categories"]["team"] for posting in walk(reader, "/postings", team=team)} == {team}
    owner = reader.get(f"/postings/{found[0]['id']}", params={"expand": "owner"}).json()["data"]["owner"]
    assert owner["id"] == found[0]["owner"]
    form = reader.get(f"/postings/{found[0]['id']}/apply").json()["data"]
    assert form["text"] == found[0]["text"]


def test_expanding_shows_people_stages_and_contacts(reader: httpx.Client) -> None:
    """3.1"""
    params = {"expand": ["stage", "owner", "followers", "sourcedBy", "contact"], "limit": 100}
    found = reader.get("/opportunities", params=params).json()["data"]
    assert all(set(item["stage"]) == {"id", "text"} for item in found)
    assert all("email" in person for item in found for person in item["followers"])
    assert {type(item["contact"]) for item in found} == {dict}
    assert {type(item["owner"]) for item in found} == {dict, type(None)}


def test_location_and_archived_posting_filters(reader: httpx.Client) -> None:
    """3.1"""
    everything = walk(reader, "/opportunities", expand="applications")
    nowhere = walk(reader, "/opportunities", location="unspecified")
    assert {item["id"] for item in nowhere} == {e["id"] for e in everything if "opportunityLocation" not in e}
    archived = next(item for item in everything if item["archived"] and item["applications"])
    posting = archived["applications"][0]["posting"]
    found = walk(reader, "/opportunities", archived_posting_id=posting)
    assert archived["id"] in {item["id"] for item in found}
    assert all(item["archived"] for item in found)


@pytest.mark.parametrize("value", ["True", "TRUE", "true"])
def test_booleans_are_understood_as_connectors_send_them(reader: httpx.Client, value: str) -> None:
    found = reader.get("/opportunities", params={"archived": value}).json()["data"]
    assert all(item["archived"] for item in found)
    assert reader.get("/opportunities", params={"archived": "maybe"}).status_code == 400


def test_a_key_may_have_only_some_permissions(account: Running) -> None:
    """7.2, 1.2"""
    with client(account, account.key(scopes=["opportunities:read:admin"])) as lever:
        opportunity = lever.get("/opportunities").json()["data"][0]["id"]
        assert lever.post(f"/opportunities/{opportunity}/addTags", json={"tags": ["x"]}).status_code == 403
        assert lever.get("/tags").status_code == 403
