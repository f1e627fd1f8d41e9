"""Section 3.3 of the reference: what a tag write does and answers."""

from __future__ import annotations

import httpx
import pytest
from support.emulator_accounts import some

from leverkit.emulator import Running


def test_added_tags_are_appended_and_contact_fields_are_blank_in_the_answer(lever: httpx.Client) -> None:
    before = some(lever)
    answer = lever.post(f"/opportunities/{before['id']}/addTags", json={"tags": ["b, c", "a"]})
    written = answer.json()["data"]
    assert (answer.status_code, written["tags"]) == (200, [*before["tags"], "b, c", "a"])  # type: ignore[misc]
    assert (written["name"], written["emails"], "opportunityLocation" in written) == ("", [], False)
    after = lever.get(f"/opportunities/{before['id']}").json()["data"]
    assert after["emails"] == before["emails"]
    assert after["updatedAt"] > (before["updatedAt"] or 0)
    assert after["lastInteractionAt"] == before["lastInteractionAt"]


@pytest.mark.parametrize("root", ["/opportunities", "/candidates"])
def test_tags_are_a_set_and_repeating_changes_nothing(lever: httpx.Client, root: str) -> None:
    """Rows 5, 6, 10"""
    path = f"{root}/{some(lever)['id']}"
    first = lever.post(f"{path}/addTags", json={"tags": ["x", "x"]}).json()
    assert lever.post(f"{path}/addTags", json={"tags": ["x"]}).json() == first
    gone = lever.post(f"{path}/removeTags", json={"tags": ["x", "never there"]}).json()
    assert "x" not in gone["data"]["tags"]
    assert lever.post(f"{path}/removeTags", json={"tags": ["x"]}).json() == gone


def test_a_tag_nobody_has_leaves_the_list_of_tags(account: Running, lever: httpx.Client) -> None:
    opportunity = str(some(lever)["id"])
    account.add_tags(opportunity, ["fleeting"])
    assert {"count": 1, "text": "fleeting"} in lever.get("/tags").json()["data"]
    account.remove_tags(opportunity, ["fleeting"])
    assert "fleeting" not in account.state()["tags"]


@pytest.mark.parametrize("body", [{}, {"tags": "x"}, {"tags": [1]}, [], "no"])
def test_a_body_of_another_shape_is_refused(account: Running, lever: httpx.Client, body: object) -> None:
    """Row 10"""
    before = account.state()
    assert lever.post(f"/opportunities/{some(lever)['id']}/addTags", json=body).status_code == 400
    assert account.state() == before


def test_perform_as_is_optional_known_or_required_by_switch(account: Running, lever: httpx.Client) -> None:
    path = f"/opportunities/{some(lever)['id']}/addTags"
    user = lever.get("/users").json()["data"][0]["id"]
    tags = {"tags": ["x"]}
    assert lever.post(path, json=tags, params={"perform_as": "nobody"}).status_code == 400
    account.configure(perform_as="required")
    assert "perform_as" in lever.post(path, json=tags).json()["message"]
    assert lever.post(path, json=tags, params={"perform_as": user, "limit": 100}).status_code == 200


def test_unknown_and_anonymized_ones_are_not_written(account: Running, lever: httpx.Client) -> None:
    opportunity = str(some(lever)["id"])
    answer = lever.post("/opportunities/nowhere/addTags", json={"tags": ["x"]})
    assert (answer.status_code, answer.json()["message"]) == (404, "opportunities nowhere was not found")
    account.anonymize(opportunity)
    assert lever.post(f"/opportunities/{opportunity}/addTags", json={"tags": ["x"]}).status_code == 400
    assert lever.get(f"/opportunities/{opportunity}").json()["data"]["name"] == ""


def test_people_delete_merge_and_move_as_in_levers_pages(account: Running, lever: httpx.Client) -> None:
    opportunity, *others = lever.get("/opportunities").json()["data"]
    second = next(o for o in others if o["contact"] != opportunity["contact"])
    account.merge(second["contact"], opportunity["contact"])
    assert lever.get(f"/opportunities/{second['id']}").json()["data"]["contact"] == opportunity["contact"]
    assert lever.get(f"/contacts/{second['contact']}").status_code == 404
    account.move(opportunity["id"], "offer")
    assert lever.get(f"/opportunities/{opportunity['id']}").json()["data"]["stage"] == "offer"
    account.delete(opportunity["id"])
    assert lever.get(f"/opportunities/{opportunity['id']}").status_code == 404
    assert [o["id"] for o in lever.get("/opportunities/deleted").json()["data"]] == [opportunity["id"]]
