"""R9: a planted key and the people of an account, looked for in every byte of every file of a whole flow."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from leverkit.emulator import running

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
CANARY = "canary0key1of2nobody3"
FLOW = (
    "pull -o snapshot",
    "audit snapshot --html audit.html",
    "policy suggest snapshot -o policy.csv --accept 0.5",
    "plan snapshot --policy policy.csv -o run",
    "apply run --approve PLAN_ID",
    "verify run",
    "rollback run -o undo",
    f"run {NOTEBOOKS / '10_audit.ipynb'} -o jobs",
)


@pytest.fixture
def flow(tmp_path: Path) -> Iterator[tuple[Path, set[bytes], str]]:
    """Run the flow by commands; give the folder, what must not be in it, and all that was printed."""
    with running(contacts=150, seed=9, rate=3000, burst=3000, api_key=CANARY) as account:
        own = {"LEVER_API_KEY": CANARY, "LEVER_BASE_URL": account.base_url, "HOME": str(tmp_path)}
        environment = os.environ | own | {"LEVERKIT_WORKSPACE": str(tmp_path / "workspace")}
        printed = "".join(command(line, tmp_path, environment) for line in FLOW)
        yield tmp_path, people(account.base_url), printed


def command(line: str, folder: Path, environment: dict[str, str]) -> str:
    if "PLAN_ID" in line:
        line = line.replace("PLAN_ID", json.loads((folder / "run" / "plan.json").read_bytes())["plan_id"])
    call = [sys.executable, "-m", "leverkit", *line.split(" ")]
    ended = subprocess.run(call, cwd=folder, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, f"{line}\n{ended.stderr}"
    return ended.stdout + ended.stderr


def people(base_url: str) -> set[bytes]:
    """Return every name, e-mail, phone and link that the account would tell."""
    found: set[str] = set()
    params: dict[str, str] = {"confidentiality": "all"}
    with httpx.Client(auth=(CANARY, ""), base_url=base_url) as client:
        while True:
            page = client.get("/opportunities", params=params).json()
            for each in page["data"]:
                found |= {each["name"], *each["emails"], *each["links"]}
                found |= {phone["value"] for phone in each["phones"]}
            if not page["hasNext"]:
                return {text.encode() for text in found if len(text) > 5}
            params["offset"] = page["next"]


def test_no_file_holds_the_key_or_a_person(flow: tuple[Path, set[bytes], str]) -> None:
    folder, persons, printed = flow
    key = {CANARY.encode(), base64.b64encode(f"{CANARY}:".encode()).rstrip(b"=")}
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 20
    assert len(persons) > 150
    for path in files:
        content = path.read_bytes()
        assert not [secret for secret in key | persons if secret in content], path
    assert not [secret for secret in key | persons if secret.decode() in printed]
