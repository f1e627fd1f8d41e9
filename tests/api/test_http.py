"""When a request is repeated, how long it waits, and when it gives up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from leverkit.api.auth import Secret
from leverkit.api.http import HttpSession, WaitNotices
from leverkit.api.rate_limit import Pace
from leverkit.errors import AccessDenied, ApiError, Unreachable


class Scene:
    """A wire to scripted answers (status, response or exception), and the waits between requests."""

    def __init__(self, *answers: Any, retries: int = 6) -> None:
        self.answers, self.requests, self.waits, self.now = list(answers), 0, [], 0.0
        self.told: list[str] = []
        self.wire = HttpSession(
            "https://lever.test/v1",
            Secret("k"),
            scheme="basic",
            pace=Pace(1e6, 1000, clock=self.clock, sleep=self.sleep),
            retries=retries,
            timeout=5,
            transport=httpx.MockTransport(self.answer),
            clock=self.clock,
            sleep=self.sleep,
            random=lambda: 1.0,
            waits=WaitNotices(self.told.append, clock=self.clock),
        )

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.waits.append(round(seconds, 3))

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer, json={}) if isinstance(answer, int) else answer

    def ask(self, method: str = "GET") -> Any:
        return self.wire.call(method, "/tags", type=dict)


OK = httpx.Response(200, json={"data": []})
HTML = httpx.Response(200, html="<html>maintenance</html>")
HALF = httpx.Response(200, content=b'{"data": [{"id": "a')
LIST = httpx.Response(200, json=[1])


@pytest.mark.parametrize(
    "trouble", [429, 500, 502, 503, HTML, HALF, LIST, httpx.ConnectError("x"), httpx.ReadTimeout("x")]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_may_pass_is_asked_again(trouble: Any, method: str) -> None:
    scene = Scene(trouble, trouble, OK)
    assert scene.ask(method) == {"data": []}
    assert scene.requests == 3


def test_a_repetition_may_be_called_off_and_hears_whether_an_effect_is_possible() -> None:
    scene, heard = Scene(429, 500, 429, OK), []

    def again(in_doubt: bool) -> bool:
        heard.append(in_doubt)
        return len(heard) < 3

    with pytest.raises(Unreachable) as caught:
        scene.wire.call("POST", "/tags", type=dict, may_retry=again)
    assert (heard, caught.value.status, scene.requests) == ([False, True, True], 500, 3)


def test_whether_a_repetition_may_be_sent_is_asked_when_its_turn_has_come() -> None:
    scene, asked = Scene(500, OK), []
    scene.wire.pace = Pace(0.01, 1, clock=scene.clock, sleep=scene.sleep)

    def again(_: bool) -> bool:
        asked.append(scene.now)
        return len(asked) < 2

    scene.wire.call("POST", "/tags", type=dict, may_retry=again)
    assert asked == [scene.now]
    assert scene.now >= 99  # seconds: the turns are a hundred apart


@pytest.mark.parametrize("status", [301, 304, 400, 401, 403, 404, 409, 422])
def test_a_refusal_is_never_asked_again(status: int) -> None:
    scene = Scene(status)
    with pytest.raises(ApiError) as caught:
        scene.ask()
    assert scene.requests == 1
    assert isinstance(caught.value, AccessDenied) == (status in (401, 403))


def test_waits_double_up_to_half_a_minute() -> None:
    scene = Scene(500, retries=9)
    with pytest.raises(Unreachable):
        scene.ask()
    assert scene.waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_waits_are_spread_by_chance() -> None:
    scene = Scene(500, OK)
    scene.wire._random = lambda: 0.0
    scene.ask()
    assert scene.waits == [0.25]


def test_429_outlasts_the_retry_budget_but_not_for_ever() -> None:
    scene = Scene(429, retries=1)
    with pytest.raises(Unreachable, match="429"):
        scene.ask()
    assert scene.requests > 10
    assert 300 < scene.now < 400


def test_429_slows_the_pace_of_everybody() -> None:
    scene = Scene(429, OK)
    before = scene.wire.pace.rate
    scene.ask()
    assert scene.wire.pace.rate < before


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("7", 7),
        ("3600", 60),
        ("Tue, 24 Nov 2026 10:00:20 GMT", 20),
        ("Tue, 24 Nov 2026 09:00:00 GMT", 0.5),
        ("soon", 0.5),
        ("-5", 0.5),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured_within_reason(said: str, wait: float, status: int) -> None:
    headers = {"Retry-After": said, "Date": "Tue, 24 Nov 2026 10:00:00 GMT"}
    scene = Scene(httpx.Response(status, headers=headers, json={}), OK)
    scene.ask()
    assert scene.now == pytest.approx(wait)


def test_an_address_that_never_answered_gives_up_soon() -> None:
    scene = Scene(httpx.ConnectError("Connection refused"))
    with pytest.raises(Unreachable, match=r"no answer: ConnectError: Connection refused\. Check the network"):
        scene.ask()
    assert scene.now < 3


def test_an_account_that_did_answer_gets_all_retries() -> None:
    scene = Scene(OK, httpx.ConnectError("x"))
    scene.ask()
    with pytest.raises(Unreachable):
        scene.ask()
    assert scene.requests == 1 + 7


def test_redirects_are_not_followed() -> None:
    scene = Scene(httpx.Response(302, headers={"Location": "https://elsewhere.test"}))
    with pytest.raises(ApiError, match="Redirects are not followed"):
        scene.ask()
    assert scene.requests == 1


def test_a_turn_that_the_caller_took_is_not_waited_for_twice() -> None:
    scene = Scene(OK)
    scene.wire.pace = Pace(1, 1, clock=scene.clock, sleep=scene.sleep)
    scene.wire.pace.wait()
    scene.wire.call("GET", "/tags", type=dict, turn_taken=True)
    assert scene.now == 0


def test_a_body_that_trickles_in_without_end_is_given_up() -> None:
    def trickle(scene: Scene) -> Iterator[bytes]:
        while True:
            scene.now += 20
            yield b" "

    scene = Scene(retries=0)
    scene.answers = [httpx.Response(200, content=trickle(scene))]
    with pytest.raises(Unreachable, match="did not end"):
        scene.ask()
    assert scene.now < 200


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        (429, "Lever refuses with 429, too many requests (for 5 minutes at most)"),
        (503, "Lever answers 503"),
        (HTML, "Lever answers 200, unreadably"),
        (
            httpx.ConnectError("name not known"),
            "no answer from Lever (ConnectError: name not known)",
        ),
    ],
)
def test_a_long_wait_is_told_with_its_reason(trouble: Any, why: str) -> None:
    scene = Scene(OK, trouble, trouble, trouble, trouble, OK)
    scene.ask()
    scene.ask()
    assert scene.told == [f"{why}: waiting 2 s before the next try, 2 s so far"]
