"""Notebook jobs: what is refused before the start, how ends are reported, what is published, what is not."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient.exceptions import DeadKernelError
from support.told import told

from leverkit.api.auth import Secret
from leverkit.errors import Locked, UsageError
from leverkit.notebook.job.execution import exit_code_of
from leverkit.notebook.job.run_record import RunRecord
from leverkit.notebook.job.runner import inspect, run, tell_of
from leverkit.settings import Settings
from leverkit.storage.lock import hold

CANARY = "canary-0123456789"
HOOK = "hook-secret-0123456789abcdef0123456789ab"
SETTINGS = Settings(base_url="http://127.0.0.1:9/v1", key=Secret(CANARY), webhook_secrets=(Secret(HOOK),))
PROGRESS = "from IPython.display import HTML\nHTML('<progress value=3 max=4></progress>')"
CHECK = "from leverkit.notebook.parameters import parameters\np = parameters(globals())"


def notebook(folder: Path, *cells: str, name: str = "page.ipynb") -> Path:
    """Write a notebook: a title, parameters, the check, then these cells."""
    first = nbformat.v4.new_code_cell('mode: str = "plan"  # plan or apply\nlimit: int = 3')
    first.metadata["tags"] = ["parameters"]
    code = [nbformat.v4.new_code_cell(source) for source in (CHECK, *cells)]
    title, end = (nbformat.v4.new_markdown_cell(text) for text in ("# A <page>", "## What next"))
    page = nbformat.v4.new_notebook(cells=[title, first, *code, end])
    page.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(page, folder / name)
    return folder / name


def job(tmp_path: Path, *cells: str, **options: Any) -> RunRecord:
    parameters = options.pop("parameters", {})
    return run(notebook(tmp_path, *cells), tmp_path / "out", parameters, settings=SETTINGS, **options)


def written(tmp_path: Path) -> dict[str, Any]:
    return dict(json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunRecord, Path]:
    """Run a notebook that shows something of each kind; give the record and the folder of the job."""
    folder = tmp_path_factory.mktemp("good")
    page = notebook(folder, "print(p.mode, p.limit)", PROGRESS, "HTML('<p>approve = a &amp; b</p>')")
    book = nbformat.read(page, as_version=4)
    book.cells[-2]["id"] = "next"
    book.cells[0].source += "\n\n| | |\n| --- | --- |\n| **Purpose** | x |\n\n| a |\n| --- |\n| b |"
    nbformat.write(book, page)
    return run(page, folder / "out", {"limit": "5"}, settings=SETTINGS), folder


def test_a_good_run_leaves_record_notebook_and_report(good: tuple[RunRecord, Path]) -> None:
    record, folder = good
    assert (record.status, record.exit_code, record.parameters) == ("done", 0, {"limit": 5})
    assert written(folder)["status"] == "done"
    names = {path.name for path in (folder / "out").iterdir()}
    assert names == {"run.json", "job.lock", "page.ipynb", "page.html"}
    page = (folder / "out" / "page.html").read_text(encoding="utf-8")
    assert "plan 5" in page
    assert "What next" in page
    assert "parameters(globals())" not in page


def test_all_rows_are_beside_the_page_and_a_second_attempt_sets_them_aside(tmp_path: Path) -> None:
    rows = tmp_path / "all <rows>.csv"
    rows.write_text("tag\nvip\n", encoding="utf-8")
    cells = [f"from pathlib import Path\nrows = Path({str(rows)!r})", "import pandas as pd"]
    cells += ["from leverkit.report import table\nframe = pd.DataFrame({'tag': ['vip', 'b']})"]
    cells += ["table(frame, limit=1, rows=rows)", "table(frame, limit=1, rows=Path('gone.csv'))"]
    record = job(tmp_path, *cells)
    name = "page-all <rows>.csv"
    assert record.files == ("page.ipynb", "page.html", name)
    assert (tmp_path / "out" / name).read_text(encoding="utf-8") == "tag\nvip\n"
    page = (tmp_path / "out" / "page.html").read_text(encoding="utf-8")
    assert '<a href="page-all%20%3Crows%3E.csv">All rows: page-all &lt;rows&gt;.csv</a>' in page
    assert str(tmp_path) not in page
    assert "gone.csv" not in page
    (tmp_path / "out" / "mine.csv").write_text("mine", encoding="utf-8")
    rows.write_text(CANARY, encoding="utf-8")
    again = job(tmp_path, *cells)
    assert (again.attempt, again.error and again.error.type, again.files) == (2, "Leak", ())
    assert (tmp_path / "out" / "attempt-1" / name).exists()
    first = json.loads((tmp_path / "out" / "attempt-1" / "run.json").read_text(encoding="utf-8"))
    assert (first["status"], written(tmp_path)["status"]) == ("done", "failed")
    assert {path.name for path in (tmp_path / "out").glob("*.csv")} == {"mine.csv"}


def test_the_record_says_what_comes_next_as_the_notebook_does(good: tuple[RunRecord, Path]) -> None:
    record, folder = good
    assert (record.next, written(folder)["next"]) == ("approve = a & b",) * 2


def test_the_report_asks_the_network_for_nothing_and_runs_no_script(good: tuple[RunRecord, Path]) -> None:
    page = (good[1] / "out" / "page.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    assert "<progress" in page
    words = ("http://", "https://", "<script", "<link", "@import", "url(")
    assert not [word for word in words if word in page]


def test_a_table_without_headings_has_no_row_of_them_in_the_report(good: tuple[RunRecord, Path]) -> None:
    text = (good[1] / "out" / "page.html").read_text(encoding="utf-8")
    found = ("<strong>Purpose</strong>" in text, text.count("<th>a</th>"), "<th></th>" in text)
    assert found == (True, 1, False)


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"mod": "apply"}, "unknown parameter mod; did you mean 'mode'"),
        ({"limit": "007"}, "limit must be a whole number"),
        ({"api_key": "x"}, "a key is never a parameter"),
    ],
)
def test_a_wrong_parameter_is_refused_before_anything_is_written(
    tmp_path: Path, given: dict[str, object], refusal: str
) -> None:
    with pytest.raises(UsageError, match=refusal):
        job(tmp_path, parameters=given)
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_no_notebook_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "page.ipynb").write_text("{}")
    for path in (tmp_path / "page.ipynb", tmp_path / "absent.ipynb", Path(__file__)):
        with pytest.raises(UsageError, match="cannot be read as a notebook"):
            inspect(path)


def test_a_notebook_without_a_parameters_cell_is_a_usage_error(tmp_path: Path) -> None:
    bare = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    nbformat.write(bare, tmp_path / "bare.ipynb")
    with pytest.raises(UsageError, match="0 cells are tagged parameters"):
        inspect(tmp_path / "bare.ipynb")


@pytest.mark.parametrize(
    ("name", "code"),
    [("BrakeTripped", 5), ("AccessDenied", 12), ("ValueError", 1), ("KeyboardInterrupt", 130)],
)
def test_the_error_of_a_kernel_becomes_the_exit_code(name: str, code: int) -> None:
    assert exit_code_of(name) == code


def test_a_failing_cell_is_reported_with_its_reason_and_its_own_exit_code(tmp_path: Path) -> None:
    cell = "from leverkit.errors import Refused\nraise Refused('plan of <b>another</b> account')"
    record = job(tmp_path, cell, "print('never')")
    assert (record.status, record.exit_code) == ("failed", 4)
    assert record.error is not None
    assert (record.error.type, record.error.message) == ("Refused", "plan of <b>another</b> account")
    page = (tmp_path / "out" / "page.html").read_text(encoding="utf-8")
    assert "This run failed" in page
    assert "What next" not in page
    assert "plan of &lt;b&gt;another&lt;/b&gt; account" in page
    executed = nbformat.read(tmp_path / "out" / "page.ipynb", as_version=4)
    assert "This run is incomplete" in executed.cells[0].source
    assert executed.cells[-2].metadata["papermill"]["status"] == "not run"


def test_a_dead_kernel_is_no_success_and_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    record = job(tmp_path, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    assert (record.status, record.exit_code) == ("failed", 1)
    assert record.error is not None
    assert record.error.type == "DeadKernelError"
    caplog.clear()
    for error in (DeadKernelError("Kernel died"), ValueError("another task")):
        logging.getLogger("asyncio").error("Task exception was never retrieved", exc_info=error)
    assert [entry.exc_info and entry.exc_info[0] for entry in caplog.records] == [ValueError]


def test_a_cell_over_its_time_is_no_success(tmp_path: Path) -> None:
    record = job(tmp_path, "import threading\nthreading.Event().wait()", timeout=1)
    assert record.error is not None
    assert (record.status, record.error.type) == ("failed", "CellTimeoutError")


def test_a_page_that_cannot_be_made_is_told_and_the_notebook_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nbconvert.HTMLExporter", "no exporter")
    record = job(tmp_path)
    assert (record.status, record.exit_code, record.files) == ("failed", 1, ("page.ipynb",))
    assert record.error
    assert record.error.message.startswith("the page could not be made: ")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"run.json", "job.lock", "page.ipynb"}


def test_leaving_early_is_no_success(tmp_path: Path) -> None:
    record = job(tmp_path, "import sys\nsys.exit(0)", "print('never')")
    assert (record.status, record.exit_code) == ("failed", 1)
    assert "ended early" in record.summary


def test_a_key_in_the_output_is_not_published(tmp_path: Path) -> None:
    record = job(tmp_path, f"print({CANARY!r})")
    assert record.error is not None
    assert (record.status, record.error.type, record.files) == ("failed", "Leak", ())
    for path in (tmp_path / "out").iterdir():
        assert CANARY not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize("shown", [HOOK, "base64.b64encode(HOOK.encode()).decode()", "raise"])
def test_a_webhook_secret_is_not_published_either(tmp_path: Path, shown: str) -> None:
    cell = f"import base64\nHOOK = {HOOK[:20]!r} + {HOOK[20:]!r}\n"
    cell += "raise ValueError(HOOK)" if shown == "raise" else f"print({'HOOK' if shown == HOOK else shown})"
    record = job(tmp_path, cell)
    assert record.error is not None
    assert (record.error.type, record.files) == ("Leak", ())
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"run.json", "job.lock"}
    assert HOOK not in (tmp_path / "out" / "run.json").read_text(encoding="utf-8")


def test_whoever_is_to_be_told_is_told_once_and_the_notebook_does_not_see_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with told() as receiver:
        monkeypatch.setenv("LEVERKIT_NOTIFY", receiver.address)
        record = job(tmp_path, "import os\nassert os.environ['LEVERKIT_NOTIFY'] == '0'")
        settings = Settings.from_environment()
        assert tell_of(record, tmp_path / "out", settings) == ""
    (notice,) = receiver.notices
    assert (notice["job"], notice["exit_code"], notice["outcome"]) == ("page.ipynb", 0, "done")
    assert notice["report"] == str(tmp_path / "out" / "page.html")
    assert any(secret.is_in(receiver.address) for secret in settings.secrets)


def test_a_secret_is_no_parameter(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a parameter holds a key"):
        job(tmp_path, parameters={"mode": CANARY})
    assert not (tmp_path / "out").exists()


def test_what_a_killed_job_left_is_its_owners_alone_and_checked_at_the_next_start(tmp_path: Path) -> None:
    script = f"import os, signal\nprint({CANARY!r})"
    page = notebook(tmp_path, script, "import time\ntime.sleep(5)", "os.kill(os.getppid(), signal.SIGKILL)")
    code = "import sys; from leverkit.notebook.job.runner import run; run(*sys.argv[1:3])"
    command = [sys.executable, "-c", code, str(page), str(tmp_path / "out")]
    subprocess.run(command, env=os.environ | {"LEVER_API_KEY": CANARY}, capture_output=True)
    (partial,) = (tmp_path / "out").glob("*.partial.ipynb")
    assert CANARY in partial.read_text(encoding="utf-8")
    if os.name == "posix":
        assert [oct(path.stat().st_mode & 0o077) for path in (partial, tmp_path / "out")] == ["0o0", "0o0"]
    run(notebook(tmp_path, "1 + 1"), tmp_path / "out", settings=SETTINGS)
    texts = [path.read_text(encoding="utf-8") for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert not [text for text in texts if CANARY in text]


def test_a_running_job_is_not_started_twice(tmp_path: Path) -> None:
    with hold(tmp_path / "out" / "job.lock", purpose="a test"), pytest.raises(Locked, match="a test"):
        job(tmp_path)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Give a job in a process of its own, waiting in a cell that tells when it is ended."""
    pipe = tmp_path / "pipe"
    cell = f"import os, threading\nos.mkfifo({str(pipe)!r}) if not os.path.exists({str(pipe)!r}) else None\n"
    cell += f"open({str(pipe)!r}, 'w').write('started')\ntry:\n    threading.Event().wait()\n"
    cell += f"finally:\n    open({str(tmp_path / 'sealed')!r}, 'w').write('sealed')"
    os.mkfifo(pipe)
    code = "import sys; from leverkit.notebook.job.runner import run; "
    code += "sys.exit(run(sys.argv[1], sys.argv[2]).exit_code)"
    command = [sys.executable, "-c", code, str(notebook(tmp_path, cell)), str(tmp_path / "out")]
    with subprocess.Popen(command, text=True, stderr=subprocess.PIPE) as started:
        assert pipe.read_text() == "started"
        yield started
        started.kill()


def test_sigterm_lets_the_kernel_seal_what_it_holds(tmp_path: Path, process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    _, noise = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (tmp_path / "sealed").read_text() == "sealed"
    assert (written(tmp_path)["status"], noise) == ("interrupted", "")


def test_a_running_job_says_so_and_a_killed_one_is_reported_as_died(
    tmp_path: Path, process: subprocess.Popen[str]
) -> None:
    assert (written(tmp_path)["status"], written(tmp_path)["pid"]) == ("running", process.pid)
    assert written(tmp_path)["exit_code"] is None
    assert RunRecord.read(tmp_path / "out").status == "running"
    process.kill()
    process.communicate()
    assert (written(tmp_path)["status"], RunRecord.read(tmp_path / "out").status) == ("running", "died")


def test_a_notebook_without_metadata_takes_parameters(tmp_path: Path) -> None:
    page = notebook(tmp_path, "limit + 1")
    bare = json.loads(page.read_text(encoding="utf-8")) | {"metadata": {}}
    page.write_text(json.dumps(bare), encoding="utf-8")
    assert run(page, tmp_path / "out", {"limit": 5}, settings=SETTINGS).status == "done"
