"""The client: pages, endpoints and writes; the key is shown nowhere."""

from __future__ import annotations

import json
import pickle
import time
import traceback
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from support.clients import reader

from leverkit.api.client import Lever, ReadOnlyLever
from leverkit.api.rate_limit import Pace
from leverkit.api.requests.reads import FIELDS
from leverkit.emulator import running
from leverkit.errors import AccessDenied, ApiError, Unreachable, UsageError

CANARY = "canary-key-5a1f"
Handler = Callable[[httpx.Request], httpx.Response]


def lever(handler: Handler, **options: Any) -> Lever:
    """Return a writing client whose requests go to `handler` and whose waits take no time."""
    options.setdefault("base_url", "https://lever.test/v1")
    options.setdefault("key", CANARY)
    pace = Pace(1e6, 1000, sleep=lambda _: None)
    return Lever(pace=pace, transport=httpx.MockTransport(handler), sleep=lambda _: None, **options)


def listing(*items: object, next: str | None = None) -> httpx.Response:
    more = {"hasNext": True, "next": next} if next else {"hasNext": False}
    return httpx.Response(200, json={"data": list(items), **more})


def recorded(response: httpx.Response) -> tuple[list[httpx.Request], Handler]:
    requests: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return response

    return requests, handle


def test_the_read_only_client_has_no_method_that_can_write() -> None:
    public = {name for name in dir(ReadOnlyLever) if not name.startswith("_")}
    assert {name for name in public if "tags" in name} == {"tags"}  # the listing
    assert {"add_tags", "remove_tags"} == {name for name in dir(Lever) if not name.startswith("_")} - public


def test_an_offset_is_sent_back_exactly_as_it_was_returned() -> None:
    token = "%5B1%2C1779397451223%2C%22991d%22%5D"
    seen: list[str | None] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.params.get("offset"))
        return listing({"id": "a", "contact": "c"}, next=token if len(seen) == 1 else None)

    assert len(list(lever(handle).pages("/postings", type=dict, confidentiality="all"))) == 2
    assert seen == [None, token]


def test_pages_can_be_resumed_after_any_page() -> None:
    requests, handle = recorded(listing())
    list(lever(handle).pages("/tags", type=dict, offset="here"))
    assert requests[0].url.params["offset"] == "here"


@pytest.mark.parametrize("following", ["same", ""])
def test_a_next_page_without_a_new_offset_is_an_error(following: str) -> None:
    _, handle = recorded(httpx.Response(200, json={"data": [], "hasNext": True, "next": following}))
    with pytest.raises(ApiError, match="cannot continue"):
        lever(handle).page("/tags", type=dict, offset="same")


def test_a_next_page_is_read_whether_or_not_has_next_announces_it() -> None:
    responses = [{"data": [1], "next": "token"}, {"data": [2]}]
    handle = lambda _: httpx.Response(200, json=responses.pop(0))  # noqa: E731
    assert [page.items for page in lever(handle).pages("/tags", type=int)] == [[1], [2]]


def test_a_refused_offset_is_a_400_and_what_lever_wrote_is_kept() -> None:
    refusal = {"code": "BadRequestError", "message": "Invalid offset token: Offset token is invalid for sort"}
    _, handle = recorded(httpx.Response(400, json=refusal))
    with pytest.raises(ApiError) as caught:
        lever(handle).page("/tags", type=dict, offset="old")
    assert caught.value.status == 400
    assert "Invalid offset token" in caught.value.lever_text


def test_lists_repeat_the_parameter_and_values_keep_their_commas() -> None:
    requests, handle = recorded(listing())
    list(lever(handle).opportunities(tag=["Berlin, DE", "a&b"], confidentiality="non-confidential"))
    assert requests[0].url.params.get_list("tag") == ["Berlin, DE", "a&b"]


def test_only_the_fields_that_are_used_are_requested() -> None:
    requests, handle = recorded(listing())
    lever(handle).opportunities_of(["c1", "c2"])
    params = requests[-1].url.params
    assert params.get_list("include") == list(FIELDS)
    assert not {"name", "emails", "phones", "links", "headline"} & set(FIELDS)
    assert params.get_list("contact_id") == ["c1", "c2"]
    assert params["confidentiality"] == "all"


@pytest.mark.parametrize("status", [403, 404])
def test_a_key_without_the_grant_reads_without_confidential_opportunities(status: int) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        denied = request.url.params.get("confidentiality") == "all"
        return httpx.Response(status, json={}) if denied else listing()

    with lever(handle) as account:
        assert account.opportunities_of(["c"]) == []
        assert account.sees_confidential() is False


def test_a_single_403_means_neither_gone_nor_hidden() -> None:
    refusals = {"confidentiality": 1, "single": 1}

    def handle(request: httpx.Request) -> httpx.Response:
        single = request.url.path.endswith("/opportunities/o1")
        kind = "single" if single else "confidentiality"
        refusals[kind] -= 1
        if refusals[kind] == 0:
            return httpx.Response(403, json={"code": "ForbiddenError", "message": "no"})
        return httpx.Response(200, json={"data": {"id": "o1", "contact": "c"}}) if single else listing()

    with lever(handle) as account:
        found = account.find_opportunity("o1")
        assert found is not None
        assert found.contact == "c"
        assert account.sees_confidential()
    assert refusals == {"confidentiality": -1, "single": -1}


def test_a_wrong_key_is_not_taken_for_a_missing_grant() -> None:
    _, handle = recorded(httpx.Response(401, json={"code": "UnauthorizedError", "message": "no"}))
    with pytest.raises(AccessDenied, match="LEVER_API_KEY"):
        lever(handle).sees_confidential()


def test_an_account_is_identified_by_its_archive_reasons_whatever_the_key() -> None:
    _, here = recorded(listing({"id": "r2"}, {"id": "r1"}))
    _, there = recorded(listing({"id": "r1"}, {"id": "r3"}))
    same = {lever(here).account_id(), lever(here, key="another").account_id()}
    assert len(same) == 1
    assert len(same.pop()) == 12
    assert lever(here).account_id() != lever(there).account_id()


def test_tags_are_written_as_a_list_on_behalf_of_the_user() -> None:
    requests, handle = recorded(
        httpx.Response(200, json={"data": {"id": "o", "contact": "c", "tags": ["x"]}})
    )
    written = lever(handle, perform_as="user-1").add_tags("o/../p", ["x", "ü,"])
    assert requests[0].url.raw_path == b"/v1/opportunities/o%2F..%2Fp/addTags?perform_as=user-1"
    assert json.loads(requests[0].content) == {"tags": ["x", "ü,"]}
    assert written.tags == ("x",)


def test_an_e_mail_to_perform_as_is_looked_up_once() -> None:
    paths: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.path)
        if request.url.path.endswith("/users"):
            return listing({"id": "u9", "email": "Ada@example.org"})
        assert request.url.params["perform_as"] == "u9"
        return httpx.Response(200, json={"data": {"id": "o", "contact": "c"}})

    account = lever(handle, perform_as="ada@example.org")
    account.add_tags("o", ["x"])
    account.remove_tags("o", ["x"])
    assert paths.count("/v1/users") == 1


def test_an_unknown_e_mail_is_refused_before_anything_is_written() -> None:
    requests, handle = recorded(listing({"id": "u1", "email": "someone@else.org"}))
    with pytest.raises(UsageError, match="LEVER_PERFORM_AS"):
        lever(handle, perform_as="ada@example.org").add_tags("o", ["x"])
    assert {request.method for request in requests} == {"GET"}


def test_a_key_that_may_not_read_users_needs_the_id_of_the_user() -> None:
    requests, handle = recorded(httpx.Response(403, json={}))
    with pytest.raises(UsageError, match="name the user's id"):
        lever(handle, perform_as="ada@example.org").add_tags("o", ["x"])
    assert {request.method for request in requests} == {"GET"}


def test_a_tag_write_without_a_response_is_repeated_then_unknown() -> None:
    requests, handle = recorded(httpx.Response(502, text="<html>bad gateway</html>"))
    with pytest.raises(Unreachable) as caught:
        lever(handle, retries=3).add_tags("o", ["x"])
    assert len(requests) == 4
    assert (caught.value.method, caught.value.status) == ("POST", 502)


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"data": {}}', b'{"id": "o", "contact": "c"}'])
def test_an_unreadable_success_of_a_tag_write_is_a_success(content: bytes) -> None:
    requests, handle = recorded(httpx.Response(200, content=content))
    assert lever(handle).add_tags("o", ["x"], may_retry=lambda in_doubt: not in_doubt) is None
    assert len(requests) == 1
    assert lever(handle, retries=2).add_tags("o", ["x"]) is None
    assert len(requests) == 4


@pytest.mark.parametrize("status", [301, 400, 401, 404, 429, 500])
@pytest.mark.parametrize("scheme", ["basic", "bearer"])
def test_the_key_shows_in_no_repr_message_or_traceback(status: int, scheme: str) -> None:
    clock = iter(range(0, 10**6, 100))
    _, handle = recorded(httpx.Response(status, json={"code": "X", "message": "m"}))
    account = lever(handle, scheme=scheme, clock=lambda: float(next(clock)))
    with pytest.raises(ApiError) as caught:
        account.tag_counts()
    trace = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    shown = "".join(trace.format()) + repr(account) + str(vars(account))
    assert CANARY not in shown
    assert "Y2FuYXJ5" not in shown  # the beginning of its base64


def test_a_client_cannot_be_pickled_with_its_key() -> None:
    _, handle = recorded(listing())
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        pickle.dumps(lever(handle))


@pytest.mark.parametrize(
    "url",
    [
        "lever.co",
        "ftp://lever.co/v1",
        "http://api.lever.co/v1",
        "https://key@lever.co/v1",
        "",
        "https://x:port/v1",
    ],
)
def test_an_address_that_is_invalid_or_would_show_the_key_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="LEVER_BASE_URL"):
        lever(lambda _: listing(), base_url=url)


def test_the_read_only_client_sends_only_get_requests() -> None:
    with running(contacts=30, rate=None) as account, reader(account) as lever:
        contacts = [record.contact for record in lever.opportunities()]
        found = lever.opportunities_of(contacts)
        lever.get(f"/opportunities/{found[0].id}", type=dict)
        assert lever.tag_counts() == account.state()["tags"]
        assert (len(lever.account_id()), lever.sees_confidential()) == (12, True)
        assert {entry["method"] for entry in account.log()} == {"GET"}


def test_opportunities_of_contacts_are_complete_and_returned_once() -> None:
    with running(contacts=150, rate=None) as account, reader(account) as lever:
        contacts = sorted(set(account.state()["contacts"].values()))
        found = lever.opportunities_of(contacts)
        assert sorted(record.id for record in found) == sorted(account.state()["opportunities"])


def test_other_limits_share_pace_connections_and_what_is_known_of_the_key() -> None:
    with running(contacts=5, rate=None) as account, reader(account, retries=3) as lever:
        assert lever.sees_confidential()
        account.clear_log()
        with lever.with_options(timeout=3.0, retries=0) as quick:
            assert (quick.pace, type(quick)) == (lever.pace, type(lever))
            assert quick.sees_confidential()
            account.fault("status", status=500, times=2)
            with pytest.raises(Unreachable):
                quick.tag_counts()
        assert len(account.log()) == 1
        assert lever.tag_counts()  # its connections are open, and it has its retries
        account.fault("delay", ms=1000)
        with pytest.raises(Unreachable, match="ReadTimeout"):
            lever.with_options(timeout=0.05, retries=0).tag_counts()


def test_the_raw_answer_has_status_headers_content_and_our_id() -> None:
    with running(contacts=5, rate=None) as account, reader(account) as lever:
        raw = lever.with_raw("/tags", limit=2)
        assert (raw.status, raw.headers["content-type"]) == (200, "application/json; charset=utf-8")
        assert [each["text"] for each in raw.json()["data"]] == list(lever.tag_counts())[:2]
        assert len(raw.request_id) == 8
        assert "data" not in repr(raw)
        with pytest.raises(ApiError, match="404"):
            lever.with_raw("/no-such")


def test_who_a_key_is_and_what_it_may_read() -> None:
    with running(contacts=5, rate=None) as account:
        with reader(account, perform_as="u1") as lever:
            me = lever.whoami()
            assert (me.account, me.host, me.perform_as) == (lever.account_id(), "127.0.0.1", "u1")
            assert me.confidential
            assert all(me.reads.values())
        key = account.key(scopes=["tags:read:admin", "archive_reasons:read:admin"], confidential=False)
        with reader(account, key=key) as lever:
            few = lever.whoami()
        assert [path for path, granted in few.reads.items() if granted] == ["/tags", "/archive_reasons"]
        assert not few.confidential
        assert {entry["method"] for entry in account.log()} == {"GET"}


def test_the_time_is_that_of_levers_clock() -> None:
    _, handle = recorded(
        httpx.Response(200, json={"data": {}}, headers={"Date": "Tue, 24 Nov 2037 10:00:00 GMT"})
    )
    with lever(handle) as account:
        assert (account.ahead_ms, account.date_ms) == (0, None)
        sent = time.time() * 1000
        account.get("/x", type=dict)
        assert abs(account.now() - 2142669600000) < 60_000
        assert account.date_ms == 2142669601000
        before, now, after = time.time() * 1000, account.now(), time.time() * 1000
        assert account.ahead_ms - (now - after) > 0
        assert account.ahead_ms - (now - before) <= 1001 + (after - sent)
