"""A notebook as a job: checked parameters, a record, an exit code, a report beside it.

Wraps papermill, which marks every cell completed after a timeout, a dead kernel or Ctrl-C (2.7.0). So the
record and the exit code come from what was raised here, not from the notebook.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec

from leverkit.api.auth import Secret
from leverkit.environment import acting_as, handing_on
from leverkit.errors import INTERRUPTED, LeverkitError, UsageError
from leverkit.jobs.notify import Notice, tell
from leverkit.notebook.job.html_page import render
from leverkit.notebook.job.run_record import LOCK, NAME, Failure, RunRecord, Status
from leverkit.notebook.job.shown import headline_of, next_of, run_of
from leverkit.notebook.job.table_rows import row_files
from leverkit.notebook.parameters import ACCOUNT, Declared, Value, check_names, declared, fit
from leverkit.settings import Settings
from leverkit.storage import files
from leverkit.storage.lock import hold

SHUTDOWN_TIME = 20  # seconds for an interrupted kernel to end its journal


class End(msgspec.Struct, frozen=True):
    """How an execution ended: status, exit code, and the error if there was one."""

    status: Status
    exit_code: int
    error: Failure | None = None


def run(
    notebook: Path | str,
    out: Path | str,
    parameters: Mapping[str, object] | None = None,
    *,
    timeout: int | None = None,
    settings: Settings | None = None,
) -> RunRecord:
    """Execute a notebook as a job into a folder and return its record, which also tells of a failure.

    Writes `run.json` before and after, the executed notebook and its HTML report. Moves an earlier attempt
    in the folder aside. `timeout` is seconds per cell. A job is no person: without a key, its kernel gets the
    demo account only if `settings`, by default the environment, ask for it.
    Raises UsageError for a wrong notebook or parameter before anything starts, Locked where the job runs.
    """
    notebook, out = Path(notebook), Path(out)
    values = checked(parameters or {}, inspect(notebook))
    with acting_as(str(values.get(ACCOUNT, ""))):
        return _run(notebook, out, values, timeout, settings or Settings.from_environment(person=False))


def _run(
    notebook: Path, out: Path, values: Mapping[str, Value], timeout: int | None, settings: Settings
) -> RunRecord:
    """Execute a notebook whose parameters are checked."""
    secrets = settings.secrets
    if _contain(secrets, *map(str, values.values())):
        raise UsageError("a parameter holds a key, which would be written into the record; nothing was run")
    with hold(out / LOCK, purpose=f"run {notebook.name}"):
        record = RunRecord.begin(notebook, values, settings, attempt=_set_aside(out, secrets))
        record.write(out)
        partial = out / f"{notebook.stem}.partial.ipynb"
        files.create(partial).close()  # papermill writes into the file that is there, whose mode stays
        try:
            with handing_on({"LEVERKIT_DEMO": "1" if settings.demo else "0", "LEVERKIT_NOTIFY": "0"}):
                end = _execute(notebook, partial, values, timeout)
            record = _publish(partial, record, end, secrets)
        finally:
            partial.unlink(missing_ok=True)
        record.write(out)
    return record


def tell_of(record: RunRecord, out: Path, settings: Settings) -> str:
    """Tell whom LEVERKIT_NOTIFY names how a job ended; return why that failed, empty where it did not."""
    page = next((str(out / name) for name in record.files if name.endswith(".html")), "")
    name = settings.account_name or settings.host
    notice = Notice(job=record.notebook, account=name, exit_code=record.exit_code or 0, report=page)
    return tell(settings.notify, notice)


def inspect(notebook: Path) -> dict[str, Declared]:
    """Return what the one `parameters` cell of a notebook declares. Raises UsageError."""
    cells = [cell for cell in _read(notebook).cells if "parameters" in cell.metadata.get("tags", [])]
    if len(cells) != 1:
        raise UsageError(f"{notebook}: {len(cells)} cells are tagged parameters; a job needs exactly one")
    return declared(cells[0].source)


def checked(given: Mapping[str, object], known: Mapping[str, Declared]) -> dict[str, Value]:
    """Return the given parameters as their declared types. Raises UsageError."""
    check_names(given, known)
    return {name: fit(name, known[name].kind, value) for name, value in given.items()}


def exit_code_of(name: str) -> int:
    """Return the exit code for the class name of an error that a kernel raised."""
    codes = {error.__name__: error.exit_code for error in _tree(LeverkitError)}
    return codes.get(name, INTERRUPTED if name == "KeyboardInterrupt" else 1)


def _tree(root: type[LeverkitError]) -> Iterator[type[LeverkitError]]:
    yield root
    for child in root.__subclasses__():
        yield from _tree(child)


def _read(notebook: Path) -> Any:
    import nbformat

    files.require_local(notebook)
    try:
        return nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, KeyError, AttributeError, nbformat.ValidationError) as error:
        raise UsageError(f"{notebook}: cannot be read as a notebook: {str(error).splitlines()[0]}") from None


def _set_aside(out: Path, secrets: Sequence[Secret]) -> int:
    """Move an earlier attempt into a folder of its own; return the number of the next attempt.

    What a killed attempt left was never checked: a file with a secret in it is deleted.
    """
    for left in (path for path in out.glob("*.partial.ipynb*") if path.is_file()):
        if _contain(secrets, left.read_text(encoding="utf-8", errors="replace")):
            left.unlink()
    if not (out / NAME).exists():
        return 1
    earlier = RunRecord.read(out)
    aside = out / f"attempt-{earlier.attempt}"
    files.make_folder(aside)
    tables = (name for name in earlier.files if name.endswith(".csv") and (out / name).is_file())
    found = (path for pattern in (NAME, "*.ipynb", "*.html") for path in out.glob(pattern))
    for path in (*found, *(out / Path(name).name for name in tables)):
        path.replace(aside / path.name)
    return earlier.attempt + 1


def _execute(notebook: Path, partial: Path, values: Mapping[str, Value], timeout: int | None) -> End:
    """Run the notebook and return how it ended."""
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    try:
        with _terminable():
            _papermill(notebook, partial, values, timeout)
    except PapermillExecutionError as error:
        return _raised(error.ename, error.evalue, error.exec_count)
    except KeyboardInterrupt:
        return _raised("KeyboardInterrupt", "stopped by Ctrl-C or SIGTERM; the same command resumes")
    except CellTimeoutError:
        return _raised("CellTimeoutError", f"a cell took longer than {timeout} s")
    except DeadKernelError:
        return _raised("DeadKernelError", "the kernel died: out of memory, or killed")
    except Exception as error:
        return _raised(type(error).__name__, str(error))
    return End("done", 0)


def _raised(name: str, message: str, cell: int | None = None) -> End:
    code = exit_code_of(name)
    status: Status = "interrupted" if code == INTERRUPTED else "failed"
    return End(status, code, Failure(name, message, cell))


def _papermill(notebook: Path, partial: Path, values: Mapping[str, Value], timeout: int | None) -> None:
    import papermill
    from traitlets.config import Config

    settings = Config()
    settings.KernelManager.transport_encryption = "auto"
    settings.KernelManager.shutdown_wait_time = SHUTDOWN_TIME
    papermill.execute_notebook(
        str(notebook),
        str(partial),
        parameters=dict(values),
        kernel_name="python3",
        language="python",  # a notebook without metadata names none
        progress_bar=False,
        execution_timeout=timeout,
        autosave_cell_every=2,
        config=settings,
        extra_arguments=["--log-level=CRITICAL"],  # else an interrupted kernel writes to our stderr
    )


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM interrupt like Ctrl-C, so that the kernel is interrupted and ends its journal."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _publish(partial: Path, record: RunRecord, end: End, secrets: Sequence[Secret]) -> RunRecord:
    """Write notebook and report under their final names, unless a secret is in them or in the error."""
    import nbformat

    leak = Failure("Leak", "a key or token is in the notebook's output, so it was not published")
    if end.error and _contain(secrets, end.error.message):
        return record.end("failed", 1, leak, ())
    if not partial.stat().st_size:
        return record.end(end.status, end.exit_code, end.error, ())
    executed = _read(partial)
    end = _require_all_cells(executed, end)
    stem = Path(record.notebook).stem
    rows = row_files(executed, stem)
    names = (record.notebook, f"{stem}.html")
    ended = msgspec.structs.replace(
        record.end(end.status, end.exit_code, end.error, (*names, *rows)),
        verdict=headline_of(executed),
        **run_of(executed),
    )
    _mark(executed, ended)
    texts = (nbformat.writes(executed), render(executed, ended, rows))  # type: ignore[no-untyped-call]
    if _contain(secrets, *texts, *(content.decode(errors="replace") for content in rows.values())):
        return record.end("failed", 1, leak, ())
    for name, text, mode in zip(names, texts, (files.PRIVATE, files.SHARED), strict=True):
        files.write_atomic(partial.parent / name, text.encode(), mode=mode)
    for name, content in rows.items():
        files.write_atomic(partial.parent / name, content)
    return msgspec.structs.replace(ended, next=next_of(executed)) if end.status == "done" else ended


def _require_all_cells(executed: Any, end: End) -> End:
    """Return the end, or a failure where cells were not run though nothing was raised (`sys.exit(0)`)."""
    left = [cell for cell in executed.cells if cell.cell_type == "code" and cell.execution_count is None]
    if end.status != "done" or not [cell for cell in left if cell.source.strip()]:
        return end
    return _raised("SystemExit", f"the notebook ended early: {len(left)} cells were not run")


def _mark(executed: Any, record: RunRecord) -> None:
    """Write into the notebook how it ended; remove the paths of this computer."""
    import nbformat

    metadata = executed.metadata.setdefault("papermill", {})
    metadata.update(
        input_path=record.notebook, output_path=record.notebook, exception=record.status != "done"
    )
    if record.status == "done":
        return
    for cell in executed.cells:
        if cell.cell_type == "code" and cell.execution_count is None:
            cell.metadata["papermill"] = {"status": "not run"}
    text = f"**This run is incomplete.** {escape(record.summary)}"
    banner = nbformat.v4.new_markdown_cell(text)  # type: ignore[no-untyped-call]
    banner.metadata["tags"] = ["papermill-error-cell-tag"]  # papermill removes it when it runs this again
    executed.cells.insert(0, banner)


def _contain(secrets: Sequence[Secret], *texts: str) -> bool:
    return any(secret.is_in(text) for secret in secrets for text in texts)
