"""Section 3 of the reference: where tags and sources come from, and what renames or removes them."""

from __future__ import annotations

import httpx
from support.emulator_accounts import some, walk
from support.emulator_requests import create, read, write

from leverkit.emulator import Running


def test_levers_recipe_for_a_tag_about_the_person_reaches_every_opportunity(lever: httpx.Client) -> None:
    """3.4: contact of the one, all opportunities of the contact, a write to each"""
    opportunity = some(lever)
    create(lever, contact=opportunity["contact"])
    siblings = walk(lever, "/opportunities", contact_id=opportunity["contact"], confidentiality="all")
    assert len(siblings) >= 2
    write(lever, opportunity["id"], "addTags", tags=["only here"])
    for item in siblings:
        write(lever, item["id"], "addTags", tags=["about the person"])
    after = walk(lever, "/opportunities", contact_id=opportunity["contact"], confidentiality="all")
    assert all("about the person" in item["tags"] for item in after)
    assert ["only here" in item["tags"] for item in after] == [
        item["id"] == opportunity["id"] for item in after
    ]


def test_creating_on_a_contact_adds_to_the_contact_and_tags_only_the_new_one(lever: httpx.Client) -> None:
    """3.4, 3.6"""
    opportunity = some(lever)
    phone = {"type": "work", "value": "555-0199"}
    made = create(
        lever,
        contact=opportunity["contact"],
        emails=["more@example.com"],
        phones=[phone],
        links=["https://example.com/more"],
        tags=["new one"],
    ).json()["data"]
    after = read(lever, opportunity["id"])
    assert (after["emails"], after["phones"]) == (
        [*opportunity["emails"], "more@example.com"],
        [*opportunity["phones"], phone],
    )
    assert after["links"][-1] == "https://example.com/more"
    assert (after["tags"], made["tags"], made["name"]) == (
        opportunity["tags"],
        ["new one"],
        opportunity["name"],
    )


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
    opportunity, second = [
        item["id"] for item in lever.get("/opportunities", params={"limit": 2}).json()["data"]
    ]
    account.add_tags(opportunity, ["old", "kept"])
    account.add_tags(second, ["old"])
    account.human("rename_tag", tag="old", into="kept")
    assert [read(lever, item)["tags"].count("kept") for item in (opportunity, second)] == [1, 1]
    account.human("rename_tag", tag="kept")
    assert not {"old", "kept"} & {item["text"] for item in walk(lever, "/tags")}
    source = read(lever, opportunity)["sources"][0]
    account.human("rename_source", source=source, into="Renamed")
    assert "Renamed" in read(lever, opportunity)["sources"]
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
