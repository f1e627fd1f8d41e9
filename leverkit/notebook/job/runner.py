"""A notebook as a job: checked parameters, a record, an exit code, a report beside it.

The record and the exit code come from how the execution ended, not from the notebook.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import msgspec

from leverkit.api.auth import Secret
from leverkit.environment import acting_as, handing_on, require_home
from leverkit.errors import UsageError
from leverkit.jobs.notify import Notice, tell
from leverkit.notebook.job.execution import End, execute, raised
from leverkit.notebook.job.html_page import render
from leverkit.notebook.job.run_record import LOCK, NAME, Failure, RunRecord
from leverkit.notebook.job.shown import headline_of, next_of, run_of
from leverkit.notebook.job.table_rows import row_files
from leverkit.notebook.job.watching import watched
from leverkit.notebook.parameters import ACCOUNT, Declared, Value, check_names, declared, fit
from leverkit.report.progress import Progress
from leverkit.report.text import count
from leverkit.settings import Settings
from leverkit.storage import files
from leverkit.storage.lock import hold


def run(
    notebook: Path | str,
    out: Path | str,
    parameters: Mapping[str, object] | None = None,
    *,
    timeout: int | None = None,
    settings: Settings | None = None,
    shown: Progress | None = None,
) -> RunRecord:
    """Execute a notebook as a job into a folder and return its record, which also tells of a failure.

    Writes `run.json` before and after, the executed notebook and its HTML report. Moves an earlier attempt
    in the folder aside. `timeout` is seconds per cell. A job is no person: without a key, its kernel gets the
    demo account only if `settings`, by default the environment, ask for it. `shown` shows how far it is.
    Raises UsageError for a wrong notebook or parameter before anything starts, Locked where the job runs.
    """
    notebook, out = Path(notebook), Path(out)
    require_home()
    values = checked(parameters or {}, inspect(notebook))
    with acting_as(str(values.get(ACCOUNT, ""))):
        settings = settings or Settings.from_environment(person=False)
        return _run(notebook, out, values, timeout, settings, shown)


def _run(
    notebook: Path,
    out: Path,
    values: Mapping[str, Value],
    timeout: int | None,
    settings: Settings,
    shown: Progress | None,
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
            kernel = {"LEVERKIT_DEMO": "1" if settings.demo else "0", "LEVERKIT_NOTIFY": "0"}
            cells = sum(cell.cell_type == "code" for cell in read_notebook(notebook).cells)
            cells += bool(values)  # papermill adds a cell with the parameters
            with (
                handing_on(kernel),
                watched(cells, shown, lambda text: _contain(secrets, text)) as begins,
            ):
                end = execute(notebook, partial, values, timeout, begins)
            record = _publish(partial, record, end, secrets)
        finally:
            partial.unlink(missing_ok=True)
        record.write(out)
    return record


def tell_of(record: RunRecord, out: Path, settings: Settings) -> str:
    """Send how a job ended to the address in LEVERKIT_NOTIFY; return why that failed, empty if it did not."""
    page = next((str(out / name) for name in record.files if name.endswith(".html")), "")
    name = settings.account_name or settings.host
    notice = Notice(job=record.notebook, account=name, exit_code=record.exit_code or 0, report=page)
    return tell(settings.notify, notice)


def inspect(notebook: Path) -> dict[str, Declared]:
    """Return what the one `parameters` cell of a notebook declares. Raises UsageError."""
    cells = [cell for cell in read_notebook(notebook).cells if "parameters" in cell.metadata.get("tags", [])]
    if len(cells) != 1:
        found = count(len(cells), "cell is", "cells are")
        raise UsageError(f"{notebook}: {found} tagged parameters; a job needs exactly one")
    return declared(cells[0].source)


def checked(given: Mapping[str, object], known: Mapping[str, Declared]) -> dict[str, Value]:
    """Return the given parameters as their declared types. Raises UsageError."""
    check_names(given, known)
    return {name: fit(name, known[name].kind, value) for name, value in given.items()}


def read_notebook(notebook: Path) -> Any:
    """Read a notebook. Raises UsageError."""
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


def _publish(partial: Path, record: RunRecord, end: End, secrets: Sequence[Secret]) -> RunRecord:
    """Write notebook and report under their final names, unless a secret is in them or in the error."""
    import nbformat

    leak = Failure("Leak", "a key or token is in the notebook's output, so it was not published")
    if end.error and _contain(secrets, end.error.message):
        return record.end("failed", 1, leak, ())
    if not partial.stat().st_size:
        return record.end(end.status, end.exit_code, end.error, ())
    executed = read_notebook(partial)
    end = _require_all_cells(executed, end)
    stem = Path(record.notebook).stem
    rows = row_files(executed, stem)
    page = f"{stem}.html"
    ended = msgspec.structs.replace(
        record.end(end.status, end.exit_code, end.error, (record.notebook, page, *rows)),
        verdict=headline_of(executed),
        **run_of(executed),
    )
    _mark(executed, ended)
    made = {record.notebook: nbformat.writes(executed).encode()}  # type: ignore[no-untyped-call]
    try:
        made[page] = render(executed, ended, rows).encode()
    except Exception as error:  # what the notebook did is recorded, and it is kept, without a page
        failure = Failure(type(error).__name__, f"the page could not be made: {error}")
        ended = ended.end("failed", end.exit_code or 1, end.error or failure, (record.notebook, *rows))
    made |= rows
    if _contain(secrets, *(content.decode(errors="replace") for content in made.values())):
        return record.end("failed", 1, leak, ())
    for name, content in made.items():
        mode = files.SHARED if name == page else files.PRIVATE
        files.write_atomic(partial.parent / name, content, mode=mode)
    return msgspec.structs.replace(ended, next=next_of(executed)) if ended.status == "done" else ended


def _require_all_cells(executed: Any, end: End) -> End:
    """Return the end, or a failure where cells were not run though nothing was raised (`sys.exit(0)`)."""
    left = [cell for cell in executed.cells if cell.cell_type == "code" and cell.execution_count is None]
    if end.status != "done" or not [cell for cell in left if cell.source.strip()]:
        return end
    return raised(
        "SystemExit", f"the notebook ended early: {count(len(left), 'cell was', 'cells were')} not run"
    )


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
