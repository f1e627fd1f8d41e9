"""Section 1 of the reference: addresses, keys, OAuth, perform_as, confidential data."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest
from support.emulator_accounts import client, served, some, walk
from support.emulator_oauth import BACK, Client, get
from support.emulator_requests import WRITES, first, later

from leverkit.emulator import Running

DAY = 86_400


def test_the_api_lives_under_v1_and_speaks_utf_8(account: Running, lever: httpx.Client) -> None:
    """1.1"""
    assert account.base_url.endswith("/v1")
    assert httpx.get(account.base_url.removesuffix("/v1") + "/tags").status_code == 404
    opportunity = some(lever)["id"]
    sent = '{"tags":["Zoë 東京 ⭐"]}'.encode()
    answer = lever.post(f"/opportunities/{opportunity}/addTags", content=sent)
    assert "Zoë 東京 ⭐".encode() in answer.content
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


def test_a_key_is_the_user_name_with_an_empty_password(account: Running) -> None:
    """1.2"""
    for key in (account.api_key, account.key(), account.key()):
        assert httpx.get(f"{account.base_url}/tags", auth=(key, "")).status_code == 200
    assert httpx.get(f"{account.base_url}/tags", auth=("", account.api_key)).status_code == 401


@pytest.mark.parametrize(("permission", "reading"), [("read", 200), ("write", 403)])
def test_reading_and_writing_are_two_permissions_of_a_key(
    account: Running, permission: str, reading: int
) -> None:
    """1.2"""
    key = account.key(scopes=[f"opportunities:{permission}:admin"])
    with client(account) as full, client(account, key) as limited:
        path = f"/opportunities/{some(full)['id']}"
        assert limited.get(path).status_code == reading
        writing = limited.post(f"{path}/addTags", json={"tags": ["x"]}).status_code
        assert {reading, writing} == {200, 403}


def test_a_key_is_made_once_and_never_changed(account: Running, lever: httpx.Client) -> None:
    """1.2"""
    keys = account.base_url.removesuffix("/v1") + "/_emulator/keys"
    assert lever.post(keys, json={}).status_code == 200
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        assert lever.request(method, keys).status_code == 404


def test_access_to_confidential_data_is_decided_when_the_key_is_made(account: Running) -> None:
    """1.2, 1.5"""
    for confidential, status in ((True, 200), (False, 403)):
        with client(account, account.key(confidential=confidential)) as lever:
            response = lever.get("/opportunities", params={"confidentiality": "all"})
            assert response.status_code == status


def test_prompt_may_still_be_sent(account: Running) -> None:
    """1.3"""
    application = Client(account)
    assert "code" in application.consent(prompt="consent")


def test_a_denial_names_the_error_and_describes_it(account: Running) -> None:
    """1.3"""
    account.configure(oauth_consent="deny")
    answer = Client(account).consent()
    assert set(answer) == {"state", "error", "error_description"}


@pytest.mark.parametrize("as_json", [False, True])
def test_a_code_is_exchanged_by_a_form_or_by_json(account: Running, as_json: bool) -> None:
    """1.3"""
    application = Client(account)
    code = application.consent()["code"][0]
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    tokens = application.token(as_json=as_json, **fields).json()
    assert set(tokens) == {"access_token", "refresh_token", "token_type", "scope", "expires_in"}
    assert get(account, "/tags", tokens["access_token"]) == 200


def claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    value: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return value


@pytest.mark.parametrize("root", ["https://api.lever.co/v1/", "https://api.sandbox.lever.co/v1/"])
def test_the_audience_of_a_token_is_the_one_asked_for(account: Running, root: str) -> None:
    """1.3"""
    application = Client(account)
    found = claims(application.tokens(audience=root)["access_token"])
    lever = "https://oauth.lever.co/"
    assert found["aud"] == root
    assert {f"{lever}userId", f"{lever}accountId", f"{lever}clientId", "iss", "sub", "azp"} < set(found)
    assert (found["iss"], found["azp"]) == ("https://auth.lever.co/", application.id)


def test_a_consent_ends_after_a_year_however_often_it_is_refreshed(account: Running) -> None:
    """1.3"""
    application = Client(account)
    token = application.tokens()["refresh_token"]
    for _ in range(4):
        later(account, 89 * DAY)
        answer = application.token(grant_type="refresh_token", refresh_token=token)
        assert answer.status_code == 200
        token = answer.json()["refresh_token"]
    later(account, 10 * DAY)
    assert application.token(grant_type="refresh_token", refresh_token=token).status_code == 403


def test_a_token_of_another_environment_finds_no_signing_key(account: Running) -> None:
    """1.3, 7.2"""
    with served(2) as (other, _):
        token = Client(other).tokens()["access_token"]
    headers = {"authorization": f"Bearer {token}"}
    answer = httpx.get(f"{account.base_url}/tags", headers=headers)
    assert (answer.status_code, "signing key" in answer.json()["message"]) == (403, True)
    assert get(account, "/tags", "a.b.c") == 401


@pytest.mark.parametrize(
    ("scope", "path"),
    [
        ("opportunities:read:admin", "/opportunities"),
        ("opportunities:read:admin", "/opportunities/deleted"),
        ("contact:read:admin", "/contacts/{contact}"),
        ("tags:read:admin", "/tags"),
        ("stages:read:admin", "/stages"),
        ("sources:read:admin", "/sources"),
        ("archive_reasons:read:admin", "/archive_reasons"),
        ("applications:read:admin", "/opportunities/{id}/applications"),
        ("postings:read:admin", "/postings"),
        ("users:read:admin", "/users"),
        ("notes:read:admin", "/opportunities/{id}/notes"),
        ("webhooks:read:admin", "/webhooks"),
        ("audit_events:read:admin", "/audit_events"),
    ],
)
def test_each_scope_opens_what_it_names(account: Running, lever: httpx.Client, scope: str, path: str) -> None:
    """1.3"""
    application, path = Client(account), path.format(**some(lever))
    token = application.tokens(scope=scope)["access_token"]
    other = application.tokens(scope="offers:read:admin")["access_token"]
    assert (get(account, path, token), get(account, path, other)) == (200, 403)


def test_tags_are_written_with_the_scope_of_opportunities(account: Running) -> None:
    """1.3"""
    with client(account) as full:
        path = f"/opportunities/{some(full)['id']}/addTags"
    for scope, status in (("tags:read:admin", 403), ("opportunities:write:admin", 200)):
        token = Client(account).tokens(scope=scope)["access_token"]
        sent = httpx.post(
            account.base_url + path, json={"tags": ["x"]}, headers={"authorization": f"Bearer {token}"}
        )
        assert sent.status_code == status


@pytest.mark.parametrize("verb", WRITES)
def test_writes_to_an_opportunity_take_perform_as_or_do_without(lever: httpx.Client, verb: str) -> None:
    """3.3, 1.4, row 1: it is optional, a user of the lowest role will do, and other parameters are ignored"""
    method, body = WRITES[verb]
    path, user = (
        f"/opportunities/{some(lever)['id']}/{verb}",
        first(lever, "/users", accessRole="interviewer"),
    )
    assert user["accessRole"] == "interviewer"
    for params in ({}, {"perform_as": user["id"]}, {"perform_as": user["id"], "limit": 100, "x": "y"}):
        assert lever.request(method, path, json=body, params=params).is_success


@pytest.mark.parametrize("verb", WRITES)
def test_a_missing_perform_as_is_refused_in_levers_words_where_it_is_required(
    account: Running, lever: httpx.Client, verb: str
) -> None:
    """1.4, 7.2, row 1"""
    account.configure(perform_as="required")
    method, body = WRITES[verb]
    answer = lever.request(method, f"/opportunities/{some(lever)['id']}/{verb}", json=body)
    expected = {"code": "BadRequestError", "message": "Missing required parameter: perform_as"}
    assert (answer.status_code, answer.json()) == (400, expected)


def test_reads_contacts_users_and_webhooks_never_ask_for_perform_as(
    account: Running, lever: httpx.Client
) -> None:
    """1.4"""
    account.configure(perform_as="required")
    opportunity = some(lever)
    assert lever.put(f"/contacts/{opportunity['contact']}", json={"headline": "H"}).status_code == 200
    assert lever.post("/users", json={"name": "U", "email": "u@example.com"}).status_code == 201
    hook = lever.post("/webhooks", json={"url": "https://example.com", "event": "candidateHired"})
    assert lever.delete(f"/webhooks/{hook.json()['data']['id']}").status_code == 204


def test_the_creator_follows_and_owns_unless_the_body_names_an_owner(lever: httpx.Client) -> None:
    """1.4, 3.6"""
    creator, other = [user["id"] for user in walk(lever, "/users")[:2]]
    params = {"perform_as": creator}
    made = lever.post("/opportunities", json={"name": "N", "followers": [other]}, params=params).json()[
        "data"
    ]
    assert (made["owner"], set(made["followers"])) == (creator, {creator, other})
    assert made["stageChanges"][0]["userId"] == creator
    body = {"name": "N", "owner": other}
    assert lever.post("/opportunities", json=body, params=params).json()["data"]["owner"] == other


def test_the_posting_owner_may_become_the_owner(lever: httpx.Client) -> None:
    """1.4: for one posting; without one the request is refused"""
    postings = walk(lever, "/postings")
    user = next(user["id"] for user in walk(lever, "/users") if user["id"] != postings[0]["owner"])
    params = {"perform_as": user, "perform_as_posting_owner": "true"}
    body = {"name": "N", "postings": [postings[0]["id"]]}
    made = lever.post("/opportunities", json=body, params=params).json()["data"]
    assert made["owner"] == postings[0]["owner"]
    assert lever.post("/opportunities", json={"name": "N"}, params=params).status_code == 400


@pytest.mark.parametrize("path", ["/opportunities", "/candidates", "/postings", "/requisitions"])
def test_lists_hide_the_confidential_unless_asked_and_refuse_keys_without_the_grant(
    library: Running, reader: httpx.Client, path: str
) -> None:
    """3.1, 1.5, row 24"""
    by = {
        wanted: {item["id"] for item in walk(reader, path, confidentiality=wanted)}
        for wanted in ("all", "confidential", "non-confidential")
    }
    assert {item["id"] for item in walk(reader, path)} == by["non-confidential"]
    assert by["all"] == by["confidential"] | by["non-confidential"]
    assert by["confidential"] != set()
    hidden = by["confidential"].pop()
    with client(library, library.restricted_key) as restricted:
        for wanted in ("all", "confidential"):
            assert restricted.get(path, params={"confidentiality": wanted}).status_code == 403
        assert restricted.get(f"{path}/{hidden}").status_code == 403
        assert restricted.get(path).status_code == 200


def test_the_api_cannot_make_an_opportunity_confidential_without_a_posting_that_is(
    lever: httpx.Client,
) -> None:
    """1.5: it is confidential exactly if its posting is"""
    user = first(lever, "/users")["id"]
    posting = walk(lever, "/postings")[0]["id"]
    body: dict[str, Any] = {"name": "N", "confidentiality": "confidential"}
    for more in ({}, {"postings": [posting]}):
        made = lever.post("/opportunities", json=body | more, params={"perform_as": user}).json()["data"]
        assert made["confidentiality"] == "non-confidential"
    changed = lever.post(f"/postings/{posting}", json={"confidentiality": "confidential"})
    assert changed.json()["data"]["confidentiality"] == "non-confidential"
