"""Accounts served from files: the default listing in the order of section 2.2, tokens of the form of 2.1.

Once on an invented account with ties, nulls and a file in no order; and over the recording of a real demo
account where one lies beside the checkout. Nothing of that recording is in this repository.
"""

from __future__ import annotations

import json
import random
import re
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from support.emulator_accounts import client

from leverkit.emulator import running

RECORDED = Path(__file__).parents[3] / "shared" / "recorded-account"
FORM = re.compile(r"%5B\d+(\.\d+)?%2C\d{13}%2C%22[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}%22%5D")
STAGES = {"lead-new": 1, "lead-responded": 5, "applicant-new": 101, "offer": 261}


def invented(folder: Path) -> None:
    """Write an account: ties of stage and time, nulls, fractional ranks, archived between active ones."""
    dice = random.Random(3)
    ranks = {**STAGES, str(uuid.UUID(int=dice.getrandbits(128), version=4)): 230.5}
    stages = [{"id": item, "text": item, "pipeline": None, "rank": rank} for item, rank in ranks.items()]
    dice.shuffle(stages)
    rows = [opportunity(dice, list(ranks)) for _ in range(130)]
    (folder / "disposition_stages.json").write_text(json.dumps({"data": {"stages": stages}}))
    (folder / "opportunities.jsonl").write_text("\n".join(map(json.dumps, rows)))


def opportunity(dice: random.Random, stages: list[str]) -> dict[str, Any]:
    at = 1_491_435_120_000 + dice.choice((0, 0, 1, 60_000))
    archived = {"reason": str(uuid.UUID(int=7, version=4)), "archivedAt": at}
    return {
        "id": str(uuid.UUID(int=dice.getrandbits(128), version=4)),
        "name": "",
        "contact": str(uuid.UUID(int=dice.getrandbits(128), version=4)),
        "stage": dice.choice(stages),
        "archived": dice.choice((None, archived)),
        "tags": dice.sample(["a", "b", "c, d"], dice.randrange(3)),
        "owner": None,
        "createdAt": at,
        "updatedAt": dice.choice((None, None, at)),
        "lastAdvancedAt": at,
    }


def key(row: dict[str, Any], ranks: dict[str, float]) -> tuple[float, int, str]:
    return ranks[row["stage"]], -row["lastAdvancedAt"], row["id"]


def check(folder: Path, *limits: int) -> int:
    """Walk the default listing at several page sizes; returns the number of opportunities."""
    lines = (folder / "opportunities.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines if line.strip()]
    stages = json.loads((folder / "disposition_stages.json").read_text(encoding="utf-8"))["data"]["stages"]
    ranks = {stage["id"]: stage["rank"] for stage in stages}
    expected = sorted(rows, key=lambda row: key(row, ranks))
    with running(load=folder, rate=None) as account, client(account) as lever:
        for limit in limits:
            check_pages(lever, [row for row in expected if visible(row)], limit, ranks)
    return len(rows)


def visible(row: dict[str, Any]) -> bool:
    return row.get("confidentiality", "non-confidential") == "non-confidential"


def check_pages(lever: Any, expected: list[dict[str, Any]], limit: int, ranks: dict[str, float]) -> None:
    params: dict[str, Any] = {"limit": limit}
    for at in range(0, len(expected), limit):
        page = lever.get("/opportunities", params=params).json()
        assert page["data"] == expected[at : at + limit]
        if at + limit >= len(expected):
            assert {name: page[name] for name in page if name != "data"} == {"hasNext": False}
            return
        first = expected[at + limit]
        wanted = [ranks[first["stage"]], first["lastAdvancedAt"], first["id"]]
        assert page["next"] == quote(json.dumps(wanted, separators=(",", ":")), safe="")
        assert FORM.fullmatch(page["next"])
        params["offset"] = page["next"]


def test_a_loaded_account_is_listed_in_levers_order_with_levers_tokens(tmp_path: Path) -> None:
    """2.1, 2.2"""
    invented(tmp_path)
    assert check(tmp_path, 100, 7, 1) == 130


@pytest.mark.skipif(not RECORDED.is_dir(), reason="no recorded account beside the checkout (shared/)")
def test_the_recorded_account_is_listed_in_levers_order_with_levers_tokens() -> None:
    """2.1, 2.2"""
    assert check(RECORDED, 100, 3) > 1000
