"""Section 1.3 of the reference: authorize, token, refresh with rotation, scopes, expiry."""

from __future__ import annotations

import base64
import json

import pytest
from support.emulator_oauth import BACK, Client, get

from leverkit.emulator import Running


@pytest.fixture
def application(account: Running) -> Client:
    return Client(account)


def test_a_consent_gives_tokens_that_open_what_their_scopes_name(
    account: Running, application: Client
) -> None:
    tokens = application.tokens()
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 3600)
    assert get(account, "/tags", tokens["access_token"]) == 200
    assert get(account, "/users", tokens["access_token"]) == 403


def test_writing_implies_reading_and_confidential_is_a_scope(account: Running, application: Client) -> None:
    token = application.tokens(scope="opportunities:write:admin")["access_token"]
    assert get(account, "/opportunities", token) == 200
    assert get(account, "/opportunities?confidentiality=all", token) == 403
    both = application.tokens(scope="opportunities:read:admin confidential:access:admin")
    assert get(account, "/opportunities?confidentiality=all", both["access_token"]) == 200
    assert "refresh_token" not in both


def test_the_access_token_is_a_jwt_with_levers_claims(application: Client) -> None:
    payload = application.tokens()["access_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["https://oauth.lever.co/clientId"] == application.id
    assert claims["scope"] == "offline_access tags:read:admin"


def test_a_refresh_token_is_rotated_and_the_old_one_dies(application: Client) -> None:
    """Row 34"""
    first = application.tokens()["refresh_token"]
    second = application.token(grant_type="refresh_token", refresh_token=first, as_json=True).json()
    assert second["refresh_token"] != first
    again = application.token(grant_type="refresh_token", refresh_token=first)
    assert (again.status_code, again.json()["error"]) == (403, "invalid_grant")


def test_the_old_refresh_token_may_have_a_grace_period(account: Running, application: Client) -> None:
    """Section 10, row 34"""
    account.configure(oauth_grace_s=60)
    first = application.tokens()["refresh_token"]
    sent = [application.token(grant_type="refresh_token", refresh_token=first).status_code for _ in range(2)]
    assert sent == [200, 200]


def test_an_access_token_ends_after_an_hour_and_a_refresh_token_after_ninety_days(
    account: Running, application: Client
) -> None:
    tokens = application.tokens()

    def later(seconds: int) -> None:
        account.do(lambda held: setattr(held, "skew_ms", held.skew_ms + 1000 * seconds))

    later(3599)
    assert get(account, "/tags", tokens["access_token"]) == 200
    later(2)
    assert get(account, "/tags", tokens["access_token"]) == 401
    later(91 * 86_400)
    refused = application.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert refused.status_code == 403


def test_without_audience_only_offline_access_is_granted(application: Client) -> None:
    assert application.tokens(audience="https://api.lever.co/v1")["scope"] == "offline_access"


def test_a_denial_comes_back_with_the_state(account: Running, application: Client) -> None:
    account.configure(oauth_consent="deny")
    answer = application.consent()
    assert (answer["error"], answer["state"]) == (["access_denied"], ["s t"])


def test_a_wrong_secret_a_used_code_and_another_address_are_refused(application: Client) -> None:
    assert application.token(grant_type="authorization_code", client_secret="x").status_code == 401
    code = application.consent()["code"][0]
    other = application.token(
        grant_type="authorization_code", code=code, redirect_uri="https://example.com/x"
    )
    assert other.status_code == 403
    again = application.token(grant_type="authorization_code", code=code, redirect_uri=BACK)
    assert again.status_code == 403
