"""A reading of a listing: how many items, without whose data, and what it says of rows that are missing."""

from __future__ import annotations

import json
import warnings
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from support.clients import reader, scripted

from leverkit.api.listings.left_out import LeftOut, ListingWarning
from leverkit.api.models import Opportunity
from leverkit.emulator import running
from leverkit.errors import ApiError, UsageError


def offset(row: str) -> str:
    """Return the offset of a page that begins with a row, in Lever's form."""
    return quote(json.dumps([1, 1779397451223, row]))


def name(letter: str) -> str:
    """Return an id of Lever's form."""
    return f"0000000{letter}-0000-4000-8000-000000000000"


def page(letters: str = "", then: str = "") -> dict[str, Any]:
    following = {"hasNext": True, "next": offset(name(then))} if then else {"hasNext": False}
    return {"data": [{"id": name(each)} for each in letters], **following}


def letters(items: Any) -> str:
    return "".join(each["id"][7] for each in items)


def test_limit_is_how_many_items_come_and_page_size_how_many_a_request_carries() -> None:
    with running(contacts=60, rate=None) as account, reader(account) as lever:
        everything = [each["id"] for each in lever.each("/opportunities")]
        account.clear_log()
        some = lever.each("/opportunities", limit=25, page_size=10)
        assert [each["id"] for each in some] == everything[:25]
        assert [entry["query"].count("limit=10") for entry in account.log()] == [1, 1, 1]
        assert (some.left_out.more, some.left_out.complete) == (True, False)
        assert list(lever.each("/opportunities", limit=0)) == []
        assert len(list(lever.opportunities(limit=5))) == 5
        assert not lever.each("/opportunities", limit=len(everything)).frame().attrs["left_out"]["more"]


@pytest.mark.parametrize("wrong", [{"limit": -1}, {"page_size": 0}, {"page_size": 101}])
def test_a_size_that_cannot_be_meant_is_refused(wrong: dict[str, int]) -> None:
    lever, requests = scripted()
    with pytest.raises(UsageError):
        lever.each("/tags", **wrong)  # type: ignore[arg-type]
    assert requests == []


def test_items_come_one_by_one_and_pages_as_they_are_needed() -> None:
    lever, requests = scripted(page("ab", then="c"), page("cd"))
    items = lever.each("/stages", page_size=2)
    assert requests == []
    assert letters([next(items), next(items)]) == "ab"
    assert len(requests) == 1
    assert letters(items) == "cd"
    assert items.left_out == LeftOut()
    assert str(items.left_out) == "nothing was left out"


def test_a_row_that_comes_again_is_given_once_and_named() -> None:
    lever, _ = scripted(page("ab", then="b"), page("bc"))
    items = lever.each("/stages", page_size=2)
    with pytest.warns(ListingWarning, match="/stages: rows that came again, given once: 1"):
        assert letters(items) == "abc"
    assert (items.left_out.repeated, items.left_out.complete) == (1, True)


def test_a_page_that_does_not_begin_as_announced_is_named() -> None:
    lever, _ = scripted(page("ab", then="c"), page("de"))
    items = lever.each("/stages", page_size=2)
    with pytest.warns(ListingWarning, match="did not begin with the announced row: 1; rows may be missing"):
        assert letters(items) == "abde"
    assert (items.left_out.skipped, items.left_out.complete) == (1, False)


def test_a_page_cut_short_is_named_and_an_empty_one_in_the_middle_too() -> None:
    lever, _ = scripted(page("a", then="b"), page("bc", then="d"), page())
    items = lever.each("/stages", page_size=2)
    with pytest.warns(ListingWarning, match="cut short"):
        list(items)
    assert (items.left_out.cut, items.left_out.skipped) == (1, 1)


@pytest.mark.parametrize(
    "next", ["0.1414895548650.a6070140-33db-407c", "%5B%22b%22%5D", "%5B1%2C2%5D", offset(name("b"))]
)
def test_an_offset_that_names_no_next_row_raises_no_alarm(next: str) -> None:
    lever, _ = scripted({**page("ab"), "hasNext": True, "next": next}, page("c"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert letters(lever.each("/stages", page_size=2)) == "abc"


def test_the_key_of_a_row_comes_along_so_that_repeats_are_noticed_whatever_is_asked_for() -> None:
    with running(contacts=40, rate=None) as account, reader(account) as lever:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            owners = list(lever.each("/opportunities", include=["owner"], page_size=10))
            typed = list(lever.each("/opportunities", type=Owned, page_size=10))
        assert {*owners[0]} == {"id", "owner"}
        assert [each.owner for each in typed] == [each["owner"] for each in owners]


def test_a_frame_of_records_has_their_fields() -> None:
    with running(contacts=10, rate=None) as account, reader(account) as lever:
        frame = lever.opportunities().frame(times=True)
        assert (
            {"id", "contact", "tags", "createdAt"} <= {*frame} <= {*lever.frame("/opportunities"), "archived"}
        )
        assert str(frame["createdAt"].dtype) == "datetime64[ms, UTC]"


def test_a_listing_that_goes_round_is_an_error_and_no_endless_loop() -> None:
    lever, _ = scripted(page("a", then="b"), page("b", then="c"), page("c", then="b"), page("b", then="c"))
    with pytest.raises(ApiError, match="cannot continue"):
        list(lever.each("/stages", page_size=1))


def test_a_page_that_starts_a_row_early_gives_no_row_twice() -> None:
    with running(contacts=60, rate=None) as account, reader(account) as lever:
        account.fault("duplicate", path="/opportunities", query="*limit=20*")
        items = lever.each("/opportunities", page_size=20)
        with pytest.warns(ListingWarning, match="given once: 1"):
            found = [each["id"] for each in items]
        assert sorted(found) == sorted(account.state()["opportunities"])


def test_rows_that_move_between_two_pages_are_noticed_in_a_whole_account() -> None:
    with running(contacts=80, seed=2, rate=None) as account:
        ids = list(account.state()["opportunities"])

        def move(number: int) -> None:
            if number == 3:  # the second page is asked for: who would begin it leaves the listing's order
                for opportunity in ids:
                    account.move(opportunity, "offer")

        with reader(account, move) as lever:
            items = lever.each("/opportunities", page_size=20)
            with pytest.warns(ListingWarning):
                found = [each["id"] for each in items]
        assert len(found) == len(set(found))
        assert not items.left_out.complete or items.left_out.repeated


@pytest.mark.parametrize("restricted", [False, True])
def test_confidential_ones_are_asked_for_and_where_they_may_not_be_seen_the_result_says_so(
    restricted: bool,
) -> None:
    with running(contacts=40, seed=3, rate=None) as account:
        everything = account.do(lambda held: {row.id: row.confidential for row in held.rows.values()})
        seen = {name for name, hidden in everything.items() if not (hidden and restricted)}
        key = account.restricted_key if restricted else account.api_key
        with reader(account, key=key) as lever:
            items = lever.each("/opportunities")
            assert {each["id"] for each in items} == seen
            assert {each["id"] for page in lever.pages("/opportunities") for each in page.items} == seen
            assert {each["id"] for each in lever.page("/opportunities").items} == seen
            assert lever.frame("/opportunities").attrs["left_out"]["confidential"] is restricted
        assert items.left_out.confidential is restricted
        assert ("confidential items are not among them" in str(items.left_out)) is restricted
        assert (len(seen) < len(everything)) is restricted


def test_postings_and_requisitions_ask_for_confidential_ones_too() -> None:
    with running(contacts=20, rate=None) as account, reader(account) as lever:
        lever.postings().frame()
        lever.frame("/requisitions")
        queries = [e["query"] for e in account.log() if "confidentiality=all" in e["query"]]
        assert len(queries) >= 3


def test_names_are_asked_for_only_with_personal() -> None:
    with running(contacts=20, rate=None) as account, reader(account) as lever:
        plain, whole = lever.each("/opportunities"), lever.each("/opportunities", personal=True)
        assert "name" not in next(plain)
        query = account.log()[-1]["query"]
        assert "include=tags" in query
        assert "name" not in query
        assert {"name", "emails"} <= next(whole).keys()
        assert plain.left_out.personal == ("name", "headline", "location", "phones", "emails", "links")
        expanded = next(lever.each("/opportunities", expand=["contact", "applications"]))
        assert "emails" not in expanded["contact"]
        assert all("email" not in each for each in expanded["applications"])


class Named(msgspec.Struct):
    """A type that asks for a name."""

    id: str
    name: str = ""


class Owned(msgspec.Struct):
    """A type without an id."""

    owner: str | None = None


class Loose(msgspec.Struct):
    """A type that keeps whatever is in a field."""

    id: str
    contact: dict[str, Any] = {}


@pytest.mark.parametrize(
    "given", [{"type": Named}, {"type": Loose}, {"type": msgspec.Raw}, {"include": ["name"]}]
)
def test_a_type_or_include_that_would_bring_a_name_is_refused(given: dict[str, Any]) -> None:
    lever, requests = scripted()
    with pytest.raises(UsageError, match="personal=True"):
        lever.each("/opportunities", **given)
    assert requests == []
    list(lever.each("/opportunities", personal=True, **given))


def test_items_are_of_the_type_asked_for() -> None:
    with running(contacts=20, rate=None) as account, reader(account) as lever:
        found = list(lever.each("/opportunities", type=Opportunity))
        assert found == list(lever.opportunities())
        assert {each.id for each in found} == set(account.state()["opportunities"])


def test_one_object_comes_without_personal_fields_too() -> None:
    with running(contacts=20, rate=None) as account, reader(account) as lever:
        opportunity = next(lever.opportunities()).id
        assert "name" not in lever.get(f"/opportunities/{opportunity}")
        assert "name" in lever.get(f"/opportunities/{opportunity}", personal=True)
        assert lever.get("/stages/lead-new") == {"id": "lead-new", "text": "New lead"}
        user = next(lever.users())
        assert lever.get(f"/users/{user['id']}") == user  # a colleague, no candidate
        assert lever.get("/disposition_stages").keys() == {"stages", "archiveReasons"}


@pytest.mark.parametrize("path", ["/eeo/responses/pii", "/tasks/1", "/opportunities/o/tasks/1"])
def test_an_object_that_leverkit_does_not_know_comes_without_any_personal_field(path: str) -> None:
    lever, _ = scripted(
        *[{"data": {"id": "x", "rows": [{"name": "Ada", "race": "", "emails": ["a@b.example"]}]}}] * 2
    )
    assert lever.get(path) == {"id": "x", "rows": [{"race": ""}]}
    assert lever.get(path, personal=True)["rows"][0]["name"] == "Ada"


def test_an_unknown_listing_is_read_only_with_all_that_it_sends() -> None:
    lever, requests = scripted({"data": [{"id": "t"}]})
    with pytest.raises(UsageError, match="no listing that Lever documents"):
        lever.each("/tasks")
    with pytest.raises(UsageError, match=r"did you mean '/opportunities'\?"):
        lever.frame("oportunities")
    assert requests == []
    assert list(lever.each("/tasks", personal=True)) == [{"id": "t"}]
