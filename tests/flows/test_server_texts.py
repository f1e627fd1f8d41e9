"""What Lever writes in a refusal, the key and people's names among it, reaches no file and no message."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from support.clients import Hooked
from support.commands import run_command
from support.plan_factory import account, carried_out, migration, opened

from leverkit.api.auth import Secret
from leverkit.api.client import ReadOnlyLever
from leverkit.api.rate_limit import Pace
from leverkit.errors import LeverkitError

KEY = "canary-key+of/42~bytes"
PERSON = "Ada Lovelace ada@example.org"


def forms(key: str) -> list[str]:
    """Return every form in which a server may echo a key."""
    tokens = [base64.b64encode(text.encode()).decode() for text in (key, f"{key}:", f"{key}:x")]
    plain = [key, *tokens, *(token.rstrip("=") for token in tokens)]
    return [
        *plain,
        *(quote(form, safe="") for form in plain),
        base64.urlsafe_b64encode(key.encode()).decode(),
    ]


class Echoing(Hooked):
    """A Lever that refuses every write and quotes its headers and a person."""

    status = 400

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one read; refuse a write."""
        if request.method == "GET":
            return super().handle_request(request)
        return refusal(self.status, request)


def refusal(status: int, request: httpx.Request) -> httpx.Response:
    text = f"{request.headers['authorization']} {' '.join(forms(KEY))} {PERSON}"
    return httpx.Response(status, json={"code": "BadRequestError", "message": text})


@pytest.mark.parametrize("form", forms(KEY))
def test_no_form_of_the_key_is_left_in_a_text(form: str) -> None:
    assert Secret(KEY).is_in(f"Basic {form} is wrong")
    assert Secret(KEY).hidden(f"Basic {form} is wrong") == "Basic (the key) is wrong"


@pytest.mark.parametrize("status", [400, 403, 409])
def test_a_refusal_that_quotes_the_key_and_a_person_is_in_no_file_of_a_run(
    tmp_path: Path, status: int
) -> None:
    with account(api_key=KEY) as (emulated, lever):
        plan = migration(emulated, lever)
        transport = Echoing()
        transport.status = status
        with opened(emulated, transport=transport) as refused, pytest.raises(LeverkitError) as caught:
            carried_out(plan, tmp_path, refused).require()
    assert not [text for text in (*forms(KEY), "Ada") if text in str(caught.value)]
    found = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert {"journal.sqlite", "exceptions.csv", "result.json"} <= found.keys()
    assert b"BadRequestError" in found["exceptions.csv"] + found["journal.sqlite"]
    for text in (*forms(KEY), "Ada", "ada@"):
        assert not [name for name, content in found.items() if text.encode() in content]


def test_debug_shows_what_lever_wrote_without_the_key(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: object) -> None:
        transport = httpx.MockTransport(lambda request: refusal(400, request))
        with ReadOnlyLever(
            base_url="http://127.0.0.1:9", key=KEY, pace=Pace(1e6, 100), transport=transport
        ) as lever:
            lever.tag_counts()

    monkeypatch.setattr("leverkit.doctor.examine", refused)
    silent, debug = run_command(["doctor"], capfd), run_command(["--debug", "doctor"], capfd)
    assert (PERSON in silent.err, PERSON in debug.err) == (False, True)
    assert not [form for form in forms(KEY) if form in silent.err + debug.err]
