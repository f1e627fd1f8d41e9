"""What is beside Lever's paths: the control API, the page, the description, files, and the process."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.emulator_accounts import client, served, some, walk

from leverkit.emulator import Running, running
from leverkit.emulator.server.routes import ROUTES


def control(account: Running) -> str:
    return account.base_url.removesuffix("/v1") + "/_emulator"


def test_the_control_api_configures_breaks_and_shows(account: Running, lever: httpx.Client) -> None:
    root = control(account)
    assert (
        lever.patch(f"{root}/config", json={"perform_as": "required"}).json()["data"]["perform_as"]
        == "required"
    )
    assert lever.patch(f"{root}/config", json={"nonsense": 1}).status_code == 400
    lever.post(f"{root}/faults", json={"kind": "status", "status": 503, "path": "/tags"})
    assert lever.get("/tags").status_code == 503
    assert lever.get(f"{root}/faults").json()["data"][0]["fired"] == 1
    lever.delete(f"{root}/faults")
    assert lever.get(f"{root}/log").json()["data"][-1]["fault"] == "status"
    lever.delete(f"{root}/log")
    assert lever.get(f"{root}/log").json()["data"] == []
    assert lever.get(root).json()["data"]["opportunities"] == len(account.state()["opportunities"])


def test_people_act_through_the_control_api(account: Running, lever: httpx.Client) -> None:
    root, opportunity = control(account), some(lever)["id"]
    lever.post(f"{root}/humans/add_tags", json={"opportunity": opportunity, "tags": ["by hand"]})
    assert "by hand" in lever.get(f"{root}/state").json()["data"]["opportunities"][opportunity]
    made = lever.post(f"{root}/humans/create", json={"name": "N"}).json()["data"]["id"]
    assert lever.post(f"{root}/humans/delete", json={"opportunity": made}).status_code == 200
    assert lever.post(f"{root}/humans/delete", json={"opportunity": made}).status_code == 404
    assert lever.post(f"{root}/humans/delete", json={"wrong": made}).status_code == 400
    assert lever.post(f"{root}/humans/fly", json={}).status_code == 404
    assert len(lever.post(f"{root}/actor", json={"steps": 3}).json()["data"]) == 3


def test_the_control_api_needs_a_full_key_and_a_loopback_name(account: Running, lever: httpx.Client) -> None:
    root = control(account)
    assert httpx.get(f"{root}/state").status_code == 401
    limited = lever.post(f"{root}/keys", json={"scopes": ["tags:read:admin"]}).json()["data"]["api_key"]
    for key in (limited, account.restricted_key):
        assert httpx.get(f"{root}/state", auth=(key, "")).status_code == 401
    assert lever.get(f"{root}/state", headers={"host": "evil.example"}).status_code == 404


def test_the_truth_is_not_to_be_had_over_http(account: Running, lever: httpx.Client) -> None:
    answers = [lever.get(control(account) + path) for path in ("/state", "", "/log", "/truth", "/config")]
    assert not any('"contact"' in json.dumps(list(item.json().get("data", {}))) for item in answers)
    assert "contact" in account.truth.values()
    assert all("truth" not in item.text for item in answers if item.status_code == 200)


def test_the_page_shows_the_account_and_is_inert(account: Running, lever: httpx.Client) -> None:
    lever.get("/opportunities", params={"tag": "<img onerror=1>"})
    account.fault("status", path="/never")
    answer = httpx.get(account.base_url.removesuffix("/v1") + "/")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<script" not in answer.text
    assert "<img" not in answer.text
    assert "/never" in answer.text
    assert account.api_key not in answer.text
    assert not re.search(r"""(src|href)=["']?(?!["']?(#|/_emulator/))""", answer.text)


def test_the_page_says_how_to_point_a_client_at_the_account(account: Running) -> None:
    text = httpx.get(account.base_url.removesuffix("/v1") + "/").text
    assert f"<pre>{account.base_url}</pre>" in text
    assert f"curl -u API_KEY: &#x27;{account.base_url}/opportunities" in text.replace("'", "&#x27;")


def test_the_page_tells_what_faults_and_deliveries_came_to(account: Running, lever: httpx.Client) -> None:
    account.configure(webhook_retries=0)
    account.fault("status", path="/tags", status=503, times=2)
    lever.get("/tags")
    lever.post("/webhooks", json={"url": "https://example.com/<hook>", "event": "contactUpdated"})
    lever.put(f"/contacts/{some(lever)['contact']}", json={"headline": "H"})
    lever.get("/tags")
    text = httpx.get(account.base_url.removesuffix("/v1") + "/").text
    assert "fired 2 of 2" in text
    assert "used up" in text
    assert "given up" in text
    assert "https://example.com/&lt;hook&gt; · not on this computer" in text


def test_every_example_of_reading_in_the_description_is_answered(
    reader: httpx.Client, library: Running
) -> None:
    paths = reader.get(control(library) + "/openapi.json").json()["paths"]
    refused = []
    for path, methods in paths.items():
        url, query = path, {}
        for item in methods.get("get", {}).get("parameters", ()):
            value = next((found["value"] for found in item.get("examples", {}).values()), None)
            if item["in"] == "path":
                url = url.replace("{" + item["name"] + "}", value or "none")
            elif value is not None:
                query[item["name"]] = value
        if "get" in methods and reader.get(url, params=query).status_code != 200:
            refused.append(path)
    assert refused == []
    assert len(paths) > 80


def valid(route: Any, lever: httpx.Client) -> httpx.Response:
    """Send a plausible request along a route."""
    roots = dict.fromkeys(("candidates", "contacts"), "/opportunities") | {"surveys": "/postings"}
    name = route.path.split("/")[1]
    identifier = "none"
    if ":id" in route.path and name != "webhooks":
        found = lever.get(roots.get(name, f"/{name}")).json()["data"]
        identifier = found[0]["contact" if name == "contacts" else "id"] if found else "none"
    path = route.path.replace(":id", identifier)
    return lever.request(route.method, path.replace(":other", "none"), json={} if route.body else None)


@pytest.fixture(scope="module")
def description(library: Running) -> Any:
    """Give the description that the account serves of itself."""
    with client(library) as reader:
        return reader.get(control(library) + "/openapi.json").json()


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_the_description_knows_every_answer(description: Any, route: Any) -> None:
    with served(5) as (_, lever):
        status = valid(route, lever).status_code
        unknown = lever.request(route.method, re.sub(r":\w+", "nope", route.path), content=b"[")
    operation = description["paths"][re.sub(r":(\w+)", r"{\1}", route.path)][route.method.lower()]
    assert {str(status), str(unknown.status_code)} <= set(operation["responses"])
    assert operation["x-permission"] == route.scope


def test_an_account_is_served_from_files_in_levers_shapes(tmp_path: Path) -> None:
    with served(30) as (_, lever):
        items = walk(lever, "/opportunities", confidentiality="all")
        (tmp_path / "opportunities.jsonl").write_text("\n".join(map(json.dumps, items)))
        (tmp_path / "stages.json").write_text(lever.get("/stages").text)
        (tmp_path / "postings.json").write_text(json.dumps(walk(lever, "/postings", confidentiality="all")))
    notes = [{"id": "n", "opportunityId": items[0]["id"], "createdAt": 1}]
    (tmp_path / "notes.json").write_text(json.dumps(notes))
    with running(load=tmp_path, rate=None) as account, client(account) as lever:
        found = walk(lever, "/opportunities", confidentiality="all")
        counts = Counter(tag for item in items for tag in item["tags"])
        assert sorted(map(str, found)) == sorted(map(str, items))
        assert {item["text"]: item["count"] for item in walk(lever, "/tags")} == counts
        assert lever.get(f"/opportunities/{items[0]['id']}/notes").json()["data"] == [
            {"id": "n", "createdAt": 1}
        ]
        assert {item["owner"] for item in items} - {None} <= {user["id"] for user in walk(lever, "/users")}
        reasons = {reason["id"] for reason in walk(lever, "/archive_reasons")}
    assert {item["archived"]["reason"] for item in items if item["archived"]} < reasons


def test_opportunities_alone_are_an_account_with_stable_archive_reasons(tmp_path: Path) -> None:
    with served(10) as (_, lever):
        (tmp_path / "opportunities.json").write_text(lever.get("/opportunities").text)
    seen = []
    for _ in range(2):
        with running(load=tmp_path, rate=None) as account, client(account) as lever:
            stages = {stage["id"] for stage in walk(lever, "/stages")}
            assert {item["stage"] for item in walk(lever, "/opportunities")} <= stages
            seen.append(walk(lever, "/archive_reasons"))
    assert seen[0] == seen[1] != []


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--load", "/nowhere"], "nowhere"),
        (["--config", "/nowhere.toml"], "nowhere"),
        (["--port", "1"], "ermission"),
        (["--wrong"], "--wrong"),
    ],
)
def test_a_process_that_cannot_start_says_why_in_one_line(arguments: list[str], word: str) -> None:
    command = [sys.executable, "-m", "leverkit.emulator", "--contacts", "2", "--idle-exit", "0.1", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    if arguments[0] == "--port" and ended.returncode == 0:
        pytest.skip("this user may listen on port 1")
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (64, "", 1)
    assert word in ended.stderr


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("opportunities.json", '[{"id": "one", "stage": "offer"}]', ", opportunity 1: Object missing"),
        ("opportunities.json", '[{"id": "one"}]', ": field 'stage' is missing"),
        ("opportunities.jsonl", '{"id": ', ": Input data was truncated"),
        ("faults.json", '{"kind": "status"}', "faults.json: Expected `array`, got `object`"),
    ],
)
def test_a_file_of_another_shape_is_named_with_what_is_wrong(
    tmp_path: Path, name: str, content: str, words: str
) -> None:
    (tmp_path / name).write_text(content)
    option = ["--faults", str(tmp_path / name)] if name == "faults.json" else ["--load", str(tmp_path)]
    command = [sys.executable, "-m", "leverkit.emulator", *option]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (64, "", 1)
    assert words in ended.stderr


def test_a_process_takes_profile_switches_and_faults_from_files(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("perform_as = 'required'\nrate = 1000\n")
    (tmp_path / "f.json").write_text('[{"kind": "status", "status": 503, "path": "/tags"}]')
    command = [
        sys.executable,
        "-m",
        "leverkit.emulator",
        "--contacts",
        "3",
        "--profile",
        "strict",
        "--rate",
        "0",
    ]
    command += [
        "--config",
        str(tmp_path / "c.toml"),
        "--faults",
        str(tmp_path / "f.json"),
        "--idle-exit",
        "20",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        root = line["base_url"].removesuffix("/v1")
        with httpx.Client(auth=(line["api_key"], "")) as lever:
            assert lever.get(f"{root}/v1/tags").status_code == 503
            config = lever.get(f"{root}/_emulator/config").json()["data"]
        process.terminate()
    assert (config["rate"], config["perform_as"], config["candidates"]) == (None, "required", False)
    assert process.returncode == 0
