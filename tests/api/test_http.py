"""When a request is retried, how long it waits, when it gives up, and how its waits are reported."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread
from typing import Any

import httpx
import pytest

from leverkit.api.auth import Secret
from leverkit.api.http import HttpSession
from leverkit.api.rate_limit import Pace
from leverkit.api.requests.exchange import ServerClock
from leverkit.api.requests.waits import WaitNotices
from leverkit.errors import AccessDenied, ApiError, Unreachable, Unreadable

DATE, SECOND = "Tue, 24 Nov 2026 10:00:00 GMT", 1795514400


class Script:
    """A session with scripted responses (status, response or exception), and the waits between requests."""

    def __init__(self, *responses: Any, retries: int = 6) -> None:
        self.responses, self.requests, self.waits, self.now = list(responses), 0, [], 0.0
        self.notices: list[str] = []
        self.session = HttpSession(
            "https://lever.test/v1",
            Secret("k"),
            scheme="basic",
            pace=Pace(1e6, 1000, clock=self.clock, sleep=self.sleep),
            retries=retries,
            timeout=5,
            transport=httpx.MockTransport(self.respond),
            clock=self.clock,
            sleep=self.sleep,
            random=lambda: 1.0,
            waits=WaitNotices(self.notices.append, clock=self.clock),
        )

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.waits.append(round(seconds, 3))

    def respond(self, _: httpx.Request) -> httpx.Response:
        self.requests += 1
        response = self.responses.pop(0) if len(self.responses) > 1 else self.responses[0]
        if isinstance(response, Exception):
            raise response
        return httpx.Response(response, json={}) if isinstance(response, int) else response

    def request(self, method: str = "GET") -> Any:
        return self.session.call(method, "/tags", type=dict)


OK = httpx.Response(200, json={"data": []})
HTML = httpx.Response(200, html="<html>maintenance</html>")
HALF = httpx.Response(200, content=b'{"data": [{"id": "a')
LIST = httpx.Response(200, json=[1])


@pytest.mark.parametrize(
    "trouble", [429, 500, 502, 503, HTML, HALF, httpx.ConnectError("x"), httpx.ReadTimeout("x")]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_temporary_failure_is_retried(trouble: Any, method: str) -> None:
    script = Script(trouble, trouble, OK)
    assert script.request(method) == {"data": []}
    assert script.requests == 3


def test_a_retry_can_be_cancelled_knowing_if_an_effect_is_possible() -> None:
    script, doubts = Script(429, 500, 429, OK), []

    def may_retry(in_doubt: bool) -> bool:
        doubts.append(in_doubt)
        return len(doubts) < 3

    with pytest.raises(Unreachable) as caught:
        script.session.call("POST", "/tags", type=dict, may_retry=may_retry)
    assert (doubts, caught.value.status, script.requests) == ([False, True, True], 500, 3)


def test_a_retry_is_confirmed_when_its_turn_has_come() -> None:
    script, times = Script(500, OK), []
    script.session.pace = Pace(0.01, 1, clock=script.clock, sleep=script.sleep)

    def may_retry(_: bool) -> bool:
        times.append(script.now)
        return len(times) < 2

    script.session.call("POST", "/tags", type=dict, may_retry=may_retry)
    assert times == [script.now]
    assert script.now >= 99  # seconds: the turns are a hundred apart


@pytest.mark.parametrize("status", [301, 304, 400, 401, 403, 404, 409, 422])
def test_a_refused_request_is_never_retried(status: int) -> None:
    script = Script(status)
    with pytest.raises(ApiError) as caught:
        script.request()
    assert script.requests == 1
    assert isinstance(caught.value, AccessDenied) == (status in (401, 403))


def test_a_read_in_another_form_is_repeated_once_and_is_no_network_trouble() -> None:
    script = Script(LIST)
    with pytest.raises(Unreadable, match=r"Expected `object`, got `array`.*report") as caught:
        script.request()
    assert script.requests == 2
    assert not isinstance(caught.value, Unreachable)
    assert Script(LIST, OK).request() == {"data": []}


def test_waits_double_up_to_half_a_minute() -> None:
    script = Script(500, retries=9)
    with pytest.raises(Unreachable):
        script.request()
    assert script.waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_waits_are_spread_at_random() -> None:
    script = Script(500, OK)
    script.session._random = lambda: 0.0
    script.request()
    assert script.waits == [0.25]


def test_429_is_retried_beyond_the_retry_limit_for_some_minutes() -> None:
    script = Script(429, retries=1)
    with pytest.raises(Unreachable, match="429"):
        script.request()
    assert script.requests > 10
    assert 300 < script.now < 400


def test_429_slows_down_the_shared_pace() -> None:
    script = Script(429, OK)
    before = script.session.pace.rate
    script.request()
    assert script.session.pace.rate < before


@pytest.mark.parametrize(
    ("header", "wait"),
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
def test_retry_after_is_honoured_up_to_a_minute(header: str, wait: float, status: int) -> None:
    headers = {"Retry-After": header, "Date": "Tue, 24 Nov 2026 10:00:00 GMT"}
    script = Script(httpx.Response(status, headers=headers, json={}), OK)
    script.request()
    assert script.now == pytest.approx(wait)


def test_an_address_that_never_responded_fails_soon() -> None:
    script = Script(httpx.ConnectError("Connection refused"))
    with pytest.raises(Unreachable, match=r"no answer: ConnectError: Connection refused\. Check the network"):
        script.request()
    assert script.now < 3


def test_an_account_that_has_responded_gets_all_retries() -> None:
    script = Script(OK, httpx.ConnectError("x"))
    script.request()
    with pytest.raises(Unreachable):
        script.request()
    assert script.requests == 1 + 7


def test_redirects_are_not_followed() -> None:
    script = Script(httpx.Response(302, headers={"Location": "https://elsewhere.test"}))
    with pytest.raises(ApiError, match="Redirects are not followed"):
        script.request()
    assert script.requests == 1


def test_a_turn_that_the_caller_took_is_not_waited_for_twice() -> None:
    script = Script(OK)
    script.session.pace = Pace(1, 1, clock=script.clock, sleep=script.sleep)
    script.session.pace.wait()
    script.session.call("GET", "/tags", type=dict, turn_taken=True)
    assert script.now == 0


def test_a_response_body_without_end_is_given_up() -> None:
    def trickle(script: Script) -> Iterator[bytes]:
        while True:
            script.now += 20
            yield b" "

    script = Script(retries=0)
    script.responses = [httpx.Response(200, content=trickle(script))]
    with pytest.raises(Unreachable, match="did not end"):
        script.request()
    assert script.now < 200


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
def test_a_long_wait_is_reported_with_its_reason(trouble: Any, why: str) -> None:
    script = Script(OK, trouble, trouble, trouble, trouble, OK)
    script.request()
    script.request()
    assert script.notices == [f"{why}: waiting 2 s before the next try, 2 s so far"]


class Notices:
    """WaitNotices with a clock of its own, and the lines shown."""

    def __init__(self) -> None:
        self.now, self.lines = 0.0, list[str]()
        self.waits = WaitNotices(self.lines.append, clock=lambda: self.now)

    def at(self, now: float, seconds: float) -> list[str]:
        """Start a wait at a time; return the lines shown for it."""
        self.now, before = now, len(self.lines)
        self.waits.start("refused", seconds)
        return self.lines[before:]


def test_a_long_wait_is_reported_at_most_every_ten_seconds() -> None:
    notices = Notices()
    assert notices.at(0.0, 0.5) == []
    assert notices.at(1.0, 2.0) == ["refused: waiting 2 s before the next try, 1 s so far"]
    assert notices.at(10.9, 30.0) == []
    assert notices.at(11.0, 30.0) == ["refused: waiting 30 s before the next try, 11 s so far"]


def test_a_success_resets_the_waiting_time() -> None:
    notices = Notices()
    notices.at(0.0, 1.0)
    notices.waits.stop()
    assert notices.at(20.0, 1.0) == []
    assert notices.at(40.0, 4.0) == ["refused: waiting 4 s before the next try, 20 s so far"]


def test_a_success_in_one_thread_waits_while_another_records_its_wait() -> None:
    blocked: list[bool] = []

    def clock() -> float:
        success = Thread(target=waits.stop)
        success.start()
        success.join(0.1)
        blocked.append(success.is_alive())
        return 0.0

    waits = WaitNotices(lambda _: None, clock=clock)
    waits.start("refused", 1.0)
    waits.start("refused", 1.0)
    assert blocked == [False, True]  # at first there is no wait to stop, so nothing to lock


def test_a_notice_goes_to_stderr_and_on_a_terminal_replaces_the_progress(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    WaitNotices().start("refused", 5.0)
    assert capsys.readouterr().err == "refused: waiting 5 s before the next try\n"
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    WaitNotices().start("refused", 5.0)
    assert capsys.readouterr().err == "\r\x1b[Krefused: waiting 5 s before the next try\n"


def test_two_clocks_that_agree_are_told_apart_by_no_part_of_a_second() -> None:
    clock = ServerClock()
    clock.note(DATE, sent=SECOND + 0.2, received=SECOND + 0.3)
    assert (clock.ahead, clock.at_most, clock.date_ms) == (0, pytest.approx(0.8), (SECOND + 1) * 1000)
    clock.note(DATE, sent=SECOND + 0.9, received=SECOND + 1.1)
    assert (clock.ahead, clock.at_most) == (0, pytest.approx(0.1))


def test_the_clock_of_lever_is_known_better_with_each_response_until_one_of_the_two_is_set() -> None:
    clock = ServerClock()
    clock.note(DATE, sent=SECOND - 60.5, received=SECOND - 60.4)
    clock.note(DATE, sent=SECOND - 60.1, received=SECOND - 60.0)
    assert (clock.ahead, clock.at_most) == (pytest.approx(60.4), pytest.approx(61.1))
    clock.note(DATE, sent=SECOND + 9.0, received=SECOND + 9.5)
    assert (clock.ahead, clock.at_most) == (pytest.approx(-8.0), pytest.approx(-8.0))


def test_a_response_without_a_date_tells_no_time() -> None:
    clock = ServerClock()
    clock.note("soon", sent=SECOND, received=SECOND)
    assert (clock.ahead, clock.at_most, clock.date_ms) == (0, 0, None)
    assert clock.answered.is_set()
