"""R9: a planted key and the people of an account are searched for in every file that leverkit writes.

They are those of the flow by commands, of a notebook as a job, of the receiver, the scan and the cache.
Those of the notebooks that audit and migrate are searched in tests/notebook/test_demo.py, which runs them.
"""

from __future__ import annotations

import json
import logging
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.commands import run_command
from support.emulator_oauth import Client
from support.personal_data import forms_of, people
from support.webhook_receiver import SECRET, listening, until

from leverkit.emulator import Running, running
from leverkit.planning.plan import Plan
from leverkit.webhook.signature import sign

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
CANARY = "canary0key1of2nobody3"
FLOW = (
    "pull -o snapshot",
    "audit snapshot --html audit.html",
    "policy suggest snapshot -o policy.csv --accept 0.5",
    "plan snapshot --policy policy.csv -o run",
    "apply run --approve PLAN_ID",
    "verify run",
    "replay run",
    "rollback run -o undo",
    "apply undo --approve UNDO_ID",
    "sync approve --policy policy.csv --max-ops 500",
    "sync --policy policy.csv -o nightly --json",
    "run 50_update_your_integration.ipynb -o jobs/lesson",
    "scan . --sarif scan.sarif",
)
SCOPES = ("opportunities", "postings", "stages", "archive_reasons", "tags", "users", "contact")
IDS = {"PLAN_ID": "run", "UNDO_ID": "undo"}
SOURCE = 'requests.post("https://api.lever.co/v1/candidates/1/addTags", auth=(KEY, ""))'


@pytest.fixture
def flow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[tuple[Path, set[bytes], str]]:
    """Run everything that writes; give the folder, what must not be in it, and all that was printed."""
    with running(contacts=150, seed=9, rate=3000, burst=3000, api_key=CANARY) as account:
        own = {"LEVER_API_KEY": CANARY, "LEVER_BASE_URL": account.base_url, "HOME": str(tmp_path)}
        own["LEVERKIT_NOTIFY"] = f"http://127.0.0.1:9/{CANARY}"  # nobody listens there
        own |= {"XDG_CACHE_HOME": str(tmp_path / "cache"), "LEVERKIT_WORKSPACE": str(tmp_path / "workspace")}
        for name, value in own.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        (tmp_path / "tagger.py").write_text(SOURCE)
        printed = "".join(command(line, tmp_path, capfd) for line in FLOW)
        receive(account, tmp_path)
        yield tmp_path, people(account), printed


def test_no_file_but_their_own_holds_a_token_of_oauth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    tokens = tmp_path / "tokens.json"
    with running(contacts=30, seed=9, rate=None, oauth_expiry_s=61.0) as account:  # due again and again
        scope = (
            " ".join(f"{what}:write:admin" for what in SCOPES) + " offline_access confidential:access:admin"
        )
        app = Client(account)
        own = {
            "LEVER_BASE_URL": account.base_url,
            "LEVER_CLIENT_ID": app.id,
            "LEVER_CLIENT_SECRET": app.secret,
        }
        own |= {"LEVER_REFRESH_TOKEN": app.tokens(scope=scope)["refresh_token"], "HOME": str(tmp_path)}
        own |= {"LEVER_TOKEN_URL": f"{app.root}/oauth/token", "LEVERKIT_TOKEN_FILE": str(tokens)}
        own |= {"XDG_CACHE_HOME": str(tmp_path / "cache"), "LEVERKIT_WORKSPACE": str(tmp_path / "workspace")}
        for name, value in {**own, "LEVERKIT_LOG": "debug"}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("LEVER_API_KEY", raising=False)
        monkeypatch.chdir(tmp_path)
        secrets = {app.secret, own["LEVER_REFRESH_TOKEN"]}
        printed = ""
        for line in (FLOW[0], *FLOW[2:5]):
            printed += command(line, tmp_path, capfd)
            secrets |= {json.loads(tokens.read_bytes())[name] for name in ("access_token", "refresh_token")}
    logging.getLogger("leverkit.api").handlers.clear()
    assert len(secrets) >= 4  # the own two, and a pair for each refresh: how many, depends on the machine
    assert stat.S_IMODE(tokens.stat().st_mode) == 0o600
    assert "request=" in printed
    assert not [secret for secret in secrets if secret in printed]
    for path in (path for path in tmp_path.rglob("*") if path.is_file() and path != tokens):
        content = path.read_bytes()
        assert not [secret for secret in secrets if secret.encode() in content], path


def command(line: str, folder: Path, capfd: pytest.CaptureFixture[str]) -> str:
    """Run a command with its plan's id, and return what it printed."""
    for word, run in IDS.items():
        if word in line:
            (file,) = (folder / run).rglob("plan.json")
            line = line.replace(word, json.loads(file.read_bytes())["plan_id"])
    line = line.replace("run ", f"run {NOTEBOOKS}/") if ".ipynb" in line else line
    ended = run_command(line.split(" "), capfd)
    assert ended.code == 0, f"{line}\n{ended.err}"
    return ended.out + ended.err


def receive(account: Running, folder: Path) -> None:
    """Let the receiver copy a tag to the other opportunities of a person, whom the delivery names."""
    op = Plan.read(folder / "run").operations[0]
    person = account.do(lambda inside: inside.rows[op.opportunity].object())
    account.remove_tags(op.opportunity, person["tags"])
    data = {"contactId": op.contact, "name": person["name"], "emails": person["emails"]}
    body = sign("contactUpdated", data, secret=SECRET, token="t", triggered_at=int(time.time() * 1000))
    with listening(account, folder / "receiver", folder / "policy.csv", rate=500) as listener:
        assert httpx.post(listener.url, content=body).status_code == 200
        assert until(lambda: op.tag in account.state()["opportunities"][op.opportunity])
        assert until(lambda: httpx.get(f"{listener.url}/health").json()["events_waiting"] == 0)
        assert listener.stop() == 0


@pytest.mark.timeout(900)  # whole notebooks are executed
def test_no_file_holds_the_key_or_a_person(flow: tuple[Path, set[bytes], str]) -> None:
    folder, persons, printed = flow
    key = {SECRET.encode(), *forms_of(CANARY)}
    files = [path for path in folder.rglob("*") if path.is_file()]
    written = {path.relative_to(folder).parts[0] for path in files}
    assert {"snapshot", "audit.html", "policy.csv", "run", "undo", "workspace", "cache"} <= written
    assert {"scan.sarif", "receiver"} <= written
    assert [path.parent.name for path in (folder / "jobs").glob("*/*.html")] == ["lesson"]
    assert list((folder / "receiver").rglob("journal.sqlite"))
    assert len(files) > 60
    assert len(persons) > 150
    for path in files:
        content = path.read_bytes()
        assert not [secret for secret in key | persons if secret in content], path
    assert not [secret for secret in key | persons if secret.decode() in printed]
