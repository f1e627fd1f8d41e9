"""Every listing that the emulator serves gives a complete frame in one line, without candidates' data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from support.clients import reader

from leverkit.api.listings.catalogue import LISTINGS, Listing, find
from leverkit.emulator import Running, running

PAGING = {"limit", "offset"}
MAIN = [each for each in LISTINGS if not each.path.startswith("/candidates/")]
CLIENT = httpx.Client(verify=False)


@pytest.fixture(scope="module")
def account() -> Iterator[Running]:
    with running(contacts=150, seed=4, rate=None) as served:
        hook = {"url": "https://example.com/hook", "event": "contactUpdated"}
        CLIENT.post(f"{served.base_url}/webhooks", json=hook, auth=(served.api_key, "")).raise_for_status()
        victims = list(served.state()["opportunities"])[:3]
        served.set_confidential(list(served.state()["opportunities"])[5])
        for opportunity in victims:
            served.delete(opportunity)
        yield served
    CLIENT.close()


def described(account: Running) -> dict[str, dict[str, Any]]:
    """Return what the emulator's description says of each path that it serves as a listing."""
    found = CLIENT.get(account.base_url.removesuffix("/v1") + "/_emulator/openapi.json").json()
    reads = {path: methods["get"] for path, methods in found["paths"].items() if "get" in methods}
    return {path: read for path, read in reads.items() if is_listing(path, read, found)}


def is_listing(path: str, read: dict[str, Any], document: dict[str, Any]) -> bool:
    schema = read["responses"]["200"]["content"].get("application/json", {}).get("schema", {})
    data = schema.get("properties", {}).get("data", {})
    if "$ref" in data:
        data = document["components"]["schemas"][data["$ref"].rpartition("/")[2]]
    return data.get("type") == "array"


def rows(account: Running, path: str) -> list[dict[str, Any]]:
    """Return all that a listing has, read with plain HTTP, confidential ones included."""
    params: dict[str, str] = {"confidentiality": "all"}
    found: list[dict[str, Any]] = []
    while True:
        page = CLIENT.get(account.base_url + path, params=params, auth=(account.api_key, "")).json()
        found += page["data"]
        if not page.get("hasNext"):
            return found
        params["offset"] = page["next"]


def stripped(value: Any, names: tuple[str, ...]) -> Any:
    """Return JSON without some fields, written here anew: the test shares no code with the client."""
    if isinstance(value, list):
        return [stripped(each, names) for each in value]
    if not isinstance(value, dict):
        return value
    return {name: stripped(each, names) for name, each in value.items() if name not in names}


def at(account: Running, template: str) -> list[str]:
    """Return the paths of a template: of those under an object, of the first objects that have some."""
    if "{" not in template:
        return [template]
    parent = template.partition("/{")[0]
    parent = "/postings" if parent.startswith("/surveys") else parent
    ids = [row["id"] for row in rows(account, parent)]
    paths = [template.replace("{id}", each) for each in ids]
    return [path for path in paths[:40] if rows(account, path)][:3] or paths[:1]


def test_the_catalogue_has_each_listing_and_each_filter_of_the_emulator_s_description(
    account: Running,
) -> None:
    known = {each.path: set(each.filters) for each in LISTINGS}
    served = {path: {p["name"] for p in read["parameters"] if p["in"] == "query"} - PAGING
              for path, read in described(account).items()}  # fmt: skip
    assert known == served


@pytest.mark.parametrize("listing", MAIN, ids=lambda listing: listing.path)
def test_a_listing_is_a_complete_frame_without_personal_fields(account: Running, listing: Listing) -> None:
    with reader(account) as lever:
        for path in at(account, listing.path):
            expected = rows(account, path)
            frame = lever.frame(path)
            assert [_nested(row) for row in frame.to_dict("records")] == [
                _nested(flat(stripped(row, listing.personal))) for row in expected
            ]
            assert json.loads(json.dumps(frame.attrs))["left_out"]["complete"]
            assert not {name.rpartition(".")[2] for name in frame} & set(listing.personal)
            whole = list(lever.each(path, personal=True, page_size=7))
            assert whole == expected


def flat(row: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in row.items():
        found |= (
            flat(value, f"{prefix}{name}.") if isinstance(value, dict) and value else {prefix + name: value}
        )
    return found


def _nested(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as JSON has it, without what is empty: a column that other rows fill."""
    values = {name: getattr(value, "item", lambda v=value: v)() for name, value in row.items()}
    kept = {
        name: value
        for name, value in values.items()
        if isinstance(value, list) or (value is not None and value == value)
    }
    return json.loads(json.dumps({n: v for n, v in kept.items() if str(v) != "<NA>"}))


def test_a_lever_that_refuses_what_it_does_not_document_is_asked_for_nothing_else() -> None:
    with running(contacts=20, seed=4, rate=None, unknown_parameters=400) as strict, reader(strict) as lever:
        ids = {"/opportunities": next(lever.opportunities()).id, "/surveys": next(lever.postings())["id"]}
        for listing in MAIN:
            lever.frame(listing.path.replace("{id}", ids.get(f"/{listing.path.split('/')[1]}", "")))
        assert lever.whoami().account


def test_a_frame_has_its_columns_whatever_comes_and_no_column_of_what_is_nested(account: Running) -> None:
    with reader(account) as lever:
        none = lever.frame("/opportunities", tag="nobody has this")
        some = lever.frame("/opportunities", archived=True, times=True)
    assert (len(none), list(none)) == (0, list(some))
    assert not {"archived", "urls", "dataProtection"} & set(some)
    assert str(some["archived.archivedAt"].dtype) == "datetime64[ms, UTC]"
    assert some["isAnonymized"].dtype == bool
    assert isinstance(some["tags"][0], list)


def test_one_contact_is_a_frame_of_one_row(account: Running) -> None:
    with reader(account) as lever:
        contact = next(lever.each("opportunities", limit=1))["contact"]
        assert list(lever.frame(f"/contacts/{contact}")["id"]) == [contact]
        assert lever.contact(contact).keys() == {"id", "isAnonymized", "dataProtection"}
        assert "emails" in lever.contact(contact, personal=True)


@pytest.mark.parametrize("name", ["tags", "postings", "users", "stages", "archive_reasons", "sources"])
def test_the_named_listings_are_those_of_their_path(account: Running, name: str) -> None:
    with reader(account) as lever:
        named = getattr(lever, name)
        assert list(named()) == list(lever.each(f"/{name}"))
        assert len(named(limit=2).frame()) == 2


def test_an_id_finds_its_listing_and_a_literal_goes_first() -> None:
    assert find("/opportunities/deleted") is not find("/opportunities/{id}")
    found = find("/opportunities/0f1/notes")
    assert found is not None
    assert found.path == "/opportunities/{id}/notes"
    assert find("/opportunities/0f1") is None
