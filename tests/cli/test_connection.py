"""Commands that connect: which account they say it is, and what they do where no key is set."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from support.commands import run_command

from leverkit.emulator import Running, background

PRINT_DEMO = "from leverkit.settings import Settings; print(Settings.from_environment().demo)"
CONNECT = "import leverkit as lk; lk.connect()"


@pytest.fixture
def no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of one's own without a key."""
    for name in ("LEVER_API_KEY", "LEVER_BASE_URL"):
        monkeypatch.delenv(name)
    tmp_path.chmod(0o700)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def notebook(folder: Path, source: str) -> str:
    """Write a notebook with empty parameters and one cell; return its name."""
    cells = [nbformat.v4.new_code_cell(text) for text in ("size: int = 1  # unused", source)]
    cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "page.ipynb")
    return "page.ipynb"


def printed_by_kernel(folder: Path) -> str:
    cell = nbformat.read(folder / "job" / "page.ipynb", as_version=4).cells[-1]
    return str(cell.outputs[0].text)


def test_a_command_says_on_stderr_which_account_it_connects_to_and_who_named_it(
    lever_account: Running, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEVERKIT_ACCOUNT_NAME", "acme")
    ended = run_command(["doctor", "--json"], capfd)
    host = lever_account.base_url.split("/")[2]
    assert (
        f"connecting to account acme at {host} (the environment), with the key from the environment"
        in ended.err
    )
    assert json.loads(ended.out)["checks"]


def test_a_world_writable_file_two_folders_up_gets_no_key_and_is_named(
    no_key: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (no_key / ".env").write_text("LEVER_BASE_URL=https://stranger.example/v1\nLEVER_API_KEY=theirs\n")
    (no_key / ".env").chmod(0o666)
    (no_key / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(no_key / "a" / "b")
    ended = run_command(["pull", "-o", "snapshot"], capfd)
    assert ended.code == 12
    assert f"{no_key / '.env'} was not read: {no_key / '.env'} can be written by others" in ended.err
    assert "stranger" not in ended.err


@pytest.mark.parametrize("words", [["pull", "-o", "snapshot"], ["doctor"]])
def test_a_job_that_lost_its_key_ends_with_12_and_one_sentence(
    no_key: Path, capfd: pytest.CaptureFixture[str], words: list[str]
) -> None:
    ended = run_command(words, capfd)
    assert ended.code == 12
    assert "no key is set, so nothing was done" in ended.out + ended.err
    assert "demo account ***" not in ended.err
    assert not (no_key / "snapshot").exists()


def test_with_demo_a_command_without_a_key_reads_the_demo_account_and_says_so(
    lever_account: Running,
    capfd: pytest.CaptureFixture[str],
    no_key: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = (lever_account.base_url, lever_account.api_key)
    monkeypatch.setattr(background, "demo_account", lambda: address)
    ended = run_command(["pull", "-o", "snapshot", "--rate", "1000", "--demo"], capfd)
    assert ended.code == 0
    assert "connecting to the demo account" in ended.err


def test_a_notebook_job_without_a_key_ends_with_12_and_its_record_says_which_account_it_was(
    no_key: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ended = run_command(["run", notebook(no_key, CONNECT), "-o", "job"], capfd)
    record = json.loads((no_key / "job" / "run.json").read_text())
    assert (ended.code, record["error"]["type"], record["demo"]) == (12, "KeyMissing", False)
    assert (record["host"], record["account_name"]) == ("api.lever.co", "")


@pytest.mark.parametrize("demo", [True, False])
def test_a_notebook_job_hands_its_decision_on_to_the_kernel(
    no_key: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, demo: bool
) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", "of-the-person-who-started-it.ipynb")
    words = ["run", notebook(no_key, PRINT_DEMO), "-o", "job", *(["--demo"] if demo else [])]
    assert run_command(words, capfd).code == 0
    assert printed_by_kernel(no_key).strip() == str(demo)
    assert json.loads((no_key / "job" / "run.json").read_text())["demo"] is demo
    assert "LEVERKIT_DEMO" not in os.environ


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
@pytest.mark.parametrize("stdin", [True, False])
def test_a_person_is_who_has_a_terminal_for_input_and_messages(no_key: Path, stdin: bool) -> None:
    import pty

    ours, terminal = pty.openpty()
    command = [sys.executable, "-c", PRINT_DEMO]
    streams = {"stdin": terminal if stdin else subprocess.DEVNULL, "stderr": terminal}
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, **streams)
    os.close(ours)
    os.close(terminal)
    assert ended.stdout.strip() == str(stdin)


def test_a_kernel_is_a_persons_if_jupyterlab_or_vs_code_started_it(no_key: Path) -> None:
    from nbclient import NotebookClient

    tries = "import os\nfor signal in ('JPY_SESSION_NAME', 'VSCODE_PID', 'NO_SIGNAL'):\n"
    tries += f"    os.environ[signal] = '1'; {PRINT_DEMO}; del os.environ[signal]"
    page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(tries)])
    NotebookClient(page, kernel_name="python3").execute()
    assert page.cells[0].outputs[0].text.split() == ["True", "True", "False"]
