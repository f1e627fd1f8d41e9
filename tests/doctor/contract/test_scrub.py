"""What is written names nobody: planted names, ids and times are in no file that is passed on."""

from __future__ import annotations

import json
import re
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

from support.contract_check import MARKER, parts, some_user, taggable
from support.planted import MARK, plant, secrets_of

from leverkit.doctor.contract.contract import examine_contract
from leverkit.doctor.contract.exchange import Exchange
from leverkit.doctor.contract.log import ExchangeLog
from leverkit.doctor.contract.scrubbing.scrub import request_line, scrubbed
from leverkit.doctor.contract.writing.record import FILE
from leverkit.doctor.contract.writing.session import Target, write_probes
from leverkit.doctor.contract.writing.writer import ProbeWriter
from leverkit.emulator import running

ID = "1f0c3d5e-7a9b-4c1d-8e2f-3a4b5c6d7e8f"


def exchange(content: Any, **given: Any) -> Exchange:
    plain: dict[str, Any] = {"number": 1, "method": "GET", "path": f"/opportunities/{ID}", "params": {}}
    return Exchange(**{**plain, "status": 200, "headers": {}, "content": content, "ms": 1.0, **given})


def one(content: Any, **given: Any) -> Exchange:
    return scrubbed([exchange(content, **given)], Random(1), ours="00-leverkit-check")[0]


def test_no_planted_name_id_or_time_is_in_any_file_that_is_passed_on(tmp_path: Path) -> None:
    with running(contacts=30, rate=None) as account:
        account.do(plant)
        secrets: set[str] = account.do(secrets_of)
        subject, user = taggable(account), some_user(account)
        secrets -= {""}
        with ProbeWriter(ExchangeLog(), **parts(account, user=user)) as writer:
            target = Target(subject, tmp_path, MARKER)
            examine_contract(writer, tmp_path, writes=lambda: write_probes(writer, target))
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != FILE]
    assert {path.name for path in files} > {"report.html", "report.json", "contract.json", "exchanges.jsonl"}
    found = [(path.name, secret) for path in files for secret in secrets if secret in path.read_text("utf-8")]
    assert found == []
    assert all((path.stat().st_mode & 0o077) == 0 for path in files)


def test_equal_values_stay_equal_and_everything_stays_in_its_order() -> None:
    ids = [f"{number:08x}-7a9b-4c1d-8e2f-3a4b5c6d7e8f" for number in (9, 3, 200)]
    tags = ["Berlin", "amsterdam", "Zürich"]
    page = [
        {"id": each, "tags": tags, "text": "Berlin", "createdAt": 1_700_000_000_000 + at}
        for at, each in enumerate(ids)
    ]
    rows = one({"data": page, "hasNext": False}).rows
    assert sorted(ids).index(ids[0]) == sorted(row["id"] for row in rows).index(rows[0]["id"]) == 1
    assert rows[0]["tags"][0] == rows[1]["text"] != rows[0]["tags"][1]
    assert [rows[0]["tags"].index(tag) for tag in sorted(rows[0]["tags"])] == [1, 0, 2]
    times = [row["createdAt"] for row in rows]
    assert [time - times[0] for time in times] == [0, 1, 2]
    assert times[0] < 1_700_000_000_000 - 29 * 86_400_000


def test_what_lever_says_stays_and_what_names_somebody_goes() -> None:
    refusal = {"code": "BadRequestError", "message": f"Invalid offset token: {MARK} {ID} was not found, Will"}
    found = one(refusal, status=400)
    assert (found.code, found.message.split()[:3]) == ("BadRequestError", ["Invalid", "offset", "token:"])
    assert not {MARK, ID, "Will"} & set(found.message.replace(",", " ").split())
    assert one({"code": MARK, "message": ""}).code != MARK


def test_a_name_beside_a_tag_of_ours_or_as_an_id_goes() -> None:
    tag = "00-leverkit-check-ab12-x"
    refusal = {"code": "BadRequestError", "message": f"Invalid tag {tag} of {MARK}", "name": f"{MARK} {tag}"}
    found = one(refusal, path=f"/postings/{quote(MARK + ' ß', safe='')}", body={"tags": [f" {tag} "]})
    assert MARK not in str(found)
    assert found.body == {"tags": [f" {tag} "]}
    same = one({"data": {"id": f"{MARK} ß"}}, path=f"/postings/{quote(MARK + ' ß', safe='')}")
    assert same.path == f"/postings/{quote(same.data['id'])}"


def test_tokens_keep_their_form_with_other_ids_and_times() -> None:
    plain = json.dumps([230.5, 1_700_000_000_000, ID], separators=(",", ":"))
    found = one({"data": [], "hasNext": True, "next": quote(plain, safe="")}, params={"offset": plain})
    rank, time, identifier = json.loads(found.params["offset"])
    assert found.next == quote(json.dumps([rank, time, identifier], separators=(",", ":")), safe="")
    assert rank == 230.5
    assert time != 1_700_000_000_000
    assert identifier == found.path.split("/")[2] != ID
    assert MARK not in one({"next": f"0.14.{MARK}"}).next


def test_keys_numbers_headers_and_addresses_that_are_not_levers_go() -> None:
    odd = {
        "data": {
            MARK: 1,
            "salary": 441700900123,
            "bonus": 4170,
            "phone": 15551234567,
            "calledAt": 4417009001,
            "createdAt": 12,
            "urls": {"show": f"https://x.example/{MARK}"},
        }
    }
    found = one(odd, headers={"server": MARK, "x-lever-region": "global", "x-secret": MARK})
    assert MARK not in json.dumps([found.content, found.headers])
    numbers = set(re.findall(r"\d+", json.dumps(found.content)))
    assert not {"441700900123", "4170", "15551234567", "4417009001"} & numbers
    assert found.headers == {"server": "other", "x-lever-region": "global"}


def test_our_own_tags_and_questions_stay_readable() -> None:
    tag, params = (
        "00-leverkit-check-ab12-x",
        {"limit": 0, "email": "leverkit", "include": ["tags"], "tag": "Ada"},
    )
    found = one({"data": {"tags": [tag, "Ada"]}}, params=params)
    assert found.data["tags"][0] == tag
    assert request_line(found).startswith("GET /opportunities/")
    assert "limit=0&email=leverkit&include=tags&tag=text 0" in request_line(found)
    assert "Ada" not in request_line(found)
