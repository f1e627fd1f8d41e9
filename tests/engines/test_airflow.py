"""The DAG files in a real Airflow, with `dag.test()` and without a server; `make airflow` installs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.commands import run_command
from support.many_accounts import many_accounts, variable, write_accounts

from leverkit.emulator import Running

PYTHON = os.environ.get("AIRFLOW_PYTHON", "")
RUN = Path(__file__).with_name("airflow_run.py")
OFF = {
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
    "DO_NOT_TRACK": "1",
    "SCARF_ANALYTICS": "false",
}
pytestmark = [
    pytest.mark.airflow,
    pytest.mark.skipif(not PYTHON, reason="needs Airflow in an environment of its own: make airflow"),
    pytest.mark.timeout(1800),
]


@pytest.fixture
def accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Running]]:
    """Two accounts, of which one has a key that was revoked, and an Airflow with an empty database."""
    with many_accounts(tmp_path, monkeypatch, "alpha", "refused") as served:
        monkeypatch.setenv(variable("refused"), "a-key-that-was-revoked")
        write_accounts(tmp_path, served)
        here = {
            "AIRFLOW_HOME": str(tmp_path / "airflow"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path / "dags"),
        }
        here |= {
            "LEVERKIT_ACCOUNTS_FILE": str(tmp_path / "accounts.toml"),
            "LEVERKIT_JOBS": str(tmp_path / "jobs"),
        }
        here |= {"LEVERKIT_NOTEBOOKS": str(tmp_path / "notebooks")}
        here |= {"PATH": f"{Path(PYTHON).parent}{os.pathsep}{os.environ['PATH']}"}
        for name, value in (OFF | here).items():
            monkeypatch.setenv(name, value)
        (tmp_path / "dags").mkdir()
        airflow("-m", "airflow", "db", "migrate")
        yield served


def airflow(*words: str, **environ: str) -> str:
    done = subprocess.run([PYTHON, *words], env=os.environ | environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-5000:]
    return done.stdout


def states(file: Path, *names: str) -> dict[str, dict[str, list[object]]]:
    found: dict[str, dict[str, list[object]]] = json.loads(
        airflow(str(RUN), str(file), *names).splitlines()[-1]
    )
    return found


def dag_file(capfd: pytest.CaptureFixture[str], *words: str) -> Path:
    path = Path("dags", "leverkit_accounts.py")
    path.write_text(run_command(("accounts", "dag", *words), capfd).out, encoding="utf-8")
    return path


def test_each_account_has_a_dag_and_one_that_needs_a_person_fails_without_another_try(
    accounts: dict[str, Running], capfd: pytest.CaptureFixture[str]
) -> None:
    file = dag_file(capfd)
    assert run_command(("pull", "-o", "{snapshot}", "--account", "alpha"), capfd).code == 0
    assert (
        run_command(("policy", "suggest", "{snapshot}", "-o", "{policy}", "--account", "alpha"), capfd).code
        == 0
    )
    found = states(file, "leverkit_alpha", "leverkit_refused")
    assert found["leverkit_alpha"] == {step: ["success", 1] for step in ("pull", "audit", "sync", "report")}
    assert found["leverkit_refused"]["pull"] == ["failed", 1]
    assert found["leverkit_refused"]["sync"][0] == "upstream_failed"
    assert not [entry for account in accounts.values() for entry in account.log() if entry["method"] != "GET"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [(0, "done"), (2, "done, with something to look at")]
    + [(code, "AirflowException") for code in (1, 8, 11, 130)]
    + [(code, "AirflowFailException") for code in (3, 4, 5, 6, 12, 64)],
)
def test_an_exit_code_is_a_success_another_try_or_a_failure(
    code: int,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "accounts.toml").write_text("", encoding="utf-8")
    command = tmp_path / "leverkit"
    command.write_text(f"#!{sys.executable}\nraise SystemExit({code})\n", encoding="utf-8")
    command.chmod(0o755)
    (tmp_path / "dag.py").write_text(run_command(("accounts", "dag"), capfd).out, encoding="utf-8")
    ask = (
        "import runpy, sys\nstep = runpy.run_path('dag.py')['leverkit']\n"
        "try:\n    print(step('alpha', 'pull'))\nexcept Exception as why:\n    print(type(why).__name__)\n"
    )
    monkeypatch.chdir(tmp_path)
    here = {
        "PATH": str(tmp_path),
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "LEVERKIT_ACCOUNTS_FILE": "accounts.toml",
    }
    assert airflow("-c", ask, **OFF, **here).splitlines()[-1] == expected


def test_papermill_s_operator_keeps_the_executed_notebooks_of_an_account(
    accounts: dict[str, Running], capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run_command(("notebooks", "notebooks"), capfd).code == 0
    file = dag_file(capfd, "--papermill")
    (tmp_path / "jobs" / "alpha").mkdir(parents=True)
    (tmp_path / "jobs" / "refused").mkdir()
    found = states(file, "leverkit_notebooks_alpha", "leverkit_notebooks_refused")
    assert found["leverkit_notebooks_alpha"]["audit"] == ["success", 1]
    assert found["leverkit_notebooks_refused"]["audit"] == ["failed", 1]
    assert "gaps" in (tmp_path / "jobs" / "alpha" / "10_audit.ipynb").read_text(encoding="utf-8")
