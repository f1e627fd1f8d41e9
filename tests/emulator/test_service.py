"""Sections 1, 7 of the reference, and what only an emulator has: faults, log, process."""

from __future__ import annotations

import base64
import itertools
import json
import socket
import ssl
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from leverkit.emulator import Running, running
from leverkit.emulator.config import Config
from leverkit.emulator.generator.generate import generate
from leverkit.emulator.http.rate_limit import RateLimit
from leverkit.emulator.running import serve


def test_basic_and_bearer_are_understood_and_nothing_else(account: Running) -> None:
    """1.2, 1.3, 7.2"""
    url = f"{account.base_url}/tags"
    assert httpx.get(url, auth=(account.api_key, "")).status_code == 200
    assert httpx.get(url, headers={"authorization": f"Bearer {account.api_key}"}).status_code == 200
    for headers in (
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": "Basic !"},
        {"authorization": "x"},
    ):
        answer = httpx.get(url, headers=headers)
        expected = {"code": "UnauthorizedError", "message": "The request requires authentication."}
        assert (answer.status_code, answer.json()) == (401, expected)


def test_headers_and_errors_are_levers(lever: httpx.Client) -> None:
    """7.2, 7.3"""
    answer = lever.get("/xyz")
    assert answer.json() == {"code": "ResourceNotFound", "message": "/v1/xyz does not exist"}
    assert answer.headers["server"] == "lever-data-api"
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert lever.get("/stages/nope").json()["message"] == "stages nope was not found"
    assert lever.delete("/tags").status_code == 405


def test_more_than_the_burst_is_refused_without_retry_after(account: Running, lever: httpx.Client) -> None:
    """7.1"""
    account.configure(rate=0.001, burst=3)
    answers = [lever.get("/stages") for _ in range(5)]
    assert [a.status_code for a in answers] == [200, 200, 200, 429, 429]
    assert "retry-after" not in answers[-1].headers
    assert httpx.get(f"{account.base_url}/stages", auth=(account.restricted_key, "")).status_code == 200


def test_a_refusal_costs_no_token() -> None:
    """7.1"""
    limit = RateLimit(10, 2)
    assert [limit.admit(now) for now in (0, 0, 0, 0.05, 0.09, 0.11)] == [
        True,
        True,
        False,
        False,
        False,
        True,
    ]


def test_a_fault_strikes_before_or_after_the_effect_and_is_counted(
    account: Running, lever: httpx.Client
) -> None:
    path = f"/opportunities/{lever.get('/opportunities').json()['data'][0]['id']}"
    fault = account.fault(
        "status", method="POST", path="*/addTags", status=503, skip=1, times=1, when="after"
    )
    sent = [lever.post(f"{path}/addTags", json={"tags": [f"t{i}"]}).status_code for i in range(3)]
    assert (sent, fault.fired) == ([200, 503, 200], 1)
    assert lever.get(path).json()["data"]["tags"][-3:] == ["t0", "t1", "t2"]
    account.fault("reset", method="POST")
    with pytest.raises(httpx.TransportError):
        lever.post(f"{path}/addTags", json={"tags": ["lost"]})
    assert "lost" not in account.state()["tags"]
    assert [entry["status"] for entry in account.log()][-1] is None


def test_the_same_seed_gives_the_same_account_and_the_truth_covers_every_tag() -> None:
    account, same, other = (
        generate(contacts=60, seed=5),
        generate(contacts=60, seed=5),
        generate(contacts=60, seed=6),
    )
    raw = [row.raw for row in account.rows.values()]
    assert raw == [row.raw for row in same.rows.values()]
    assert raw != [row.raw for row in other.rows.values()]
    assert set(account.truth) == set(account.tags)
    assert set(account.truth.values()) == {"contact", "opportunity"}


def test_the_process_says_where_it_is_and_ends_when_idle(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "leverkit.emulator", "--contacts", "5", "--idle-exit", "2"]
    command += ["--truth", str(tmp_path / "truth.json"), "--api-key", "k"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        assert httpx.get(f"{line['base_url']}/tags", auth=("k", "")).status_code == 200
        assert process.wait(20) == 0
    assert (line["api_key"], line["pid"]) == ("k", process.pid)
    assert json.loads((tmp_path / "truth.json").read_text())


def test_an_account_over_https_answers_those_who_trust_its_file_under_levers_name_too() -> None:
    pytest.importorskip("trustme", reason="needs leverkit[tls]")
    with running(contacts=5, tls=True) as account:
        assert account.ca_file is not None
        trusting = ssl.create_default_context(cafile=str(account.ca_file))
        with httpx.Client(auth=(account.api_key, ""), verify=trusting) as client:
            for name in ("127.0.0.1", "api.lever.co"):
                request = client.build_request(
                    "GET", f"{account.base_url}/tags", extensions={"sni_hostname": name}
                )
                assert client.send(request).status_code == 200
        with pytest.raises(httpx.ConnectError, match="certificate"):
            httpx.get(f"{account.base_url}/tags", auth=(account.api_key, ""))
    assert not account.ca_file.exists()


def test_an_account_can_be_closed_before_its_first_request() -> None:
    for _ in range(30):
        with running(contacts=1) as account:
            assert account.base_url.endswith("/v1")


@pytest.mark.parametrize(
    "cuts", [[], [-15], [60], [60, 150, -15, -8]], ids=["whole", "body", "head", "pieces"]
)
def test_a_request_to_change_to_http2_is_answered_in_http1_with_its_body(
    account: Running, cuts: list[int]
) -> None:
    """Java's HttpClient sends these headers with its first request, in as many segments as it likes."""
    opportunity = next(iter(account.state()["opportunities"]))
    key = base64.b64encode(f"{account.api_key}:".encode()).decode()
    request = (
        f"POST /v1/opportunities/{opportunity}/addTags HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Connection: Upgrade, HTTP2-Settings\r\nContent-Length: 15\r\nContent-Type: application/json\r\n"
        f"HTTP2-Settings: AAEAAEAAAAIAAAAB\r\nUpgrade: h2c\r\nAuthorization: Basic {key}\r\n\r\n"
        '{"tags": ["x"]}'
    ).encode()
    with socket.create_connection(("127.0.0.1", httpx.URL(account.base_url).port or 0)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(2):
            for start, end in itertools.pairwise([0, *cuts, None]):
                connection.sendall(request[start:end])
                time.sleep(0.005)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
    assert "x" in account.state()["opportunities"][opportunity]


def test_whoever_stops_an_account_twice_or_from_two_threads_waits_until_it_has_ended() -> None:
    for _ in range(20):
        account = serve(Config(), contacts=1, seed=1)
        with ThreadPoolExecutor(4) as pool:
            ended = [pool.submit(account.stop) for _ in range(4)]
        assert [each.result() for each in ended] == [None] * 4
        account.stop()
        with pytest.raises(httpx.ConnectError):
            httpx.get(account.base_url)
