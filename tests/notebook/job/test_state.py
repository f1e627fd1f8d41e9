"""The state of a job: also of one that runs or was killed, from the notebook that it has written so far."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from support.plan_factory import account, carried_out, migration

from leverkit.errors import UsageError
from leverkit.notebook.job.run_record import RunRecord
from leverkit.notebook.job.state import state
from leverkit.settings import Settings


def test_a_job_that_was_killed_tells_how_much_of_its_plan_is_done(tmp_path: Path) -> None:
    page = tmp_path / "30_migrate.ipynb"
    page.write_text("{}", encoding="utf-8")
    begun = RunRecord.begin(page, {}, Settings(base_url="http://127.0.0.1:9/v1"), attempt=1)
    begun.write(tmp_path)
    assert state(tmp_path)[1] == "30_migrate.ipynb died"
    (partial := tmp_path / "30_migrate.partial.ipynb").write_text("", encoding="utf-8")
    assert state(tmp_path)[1] == "30_migrate.ipynb died"
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        result = carried_out(plan, tmp_path / "a <run>", lever)
    shown = {"text/html": f'<p data-run="{tmp_path}/a &lt;run&gt;">Run folder</p>'}
    cells = [nbformat.v4.new_code_cell("step.paths"), nbformat.v4.new_code_cell("step.carry_out()")]
    cells[0].outputs = [nbformat.v4.new_output("display_data", shown)]
    cells[0].metadata["papermill"] = {"status": "completed"}
    cells[1].metadata["papermill"] = {"status": "running"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells), partial)
    record, line = state(tmp_path)
    changes = f"{result.planned:,} of {result.planned:,} planned changes done"
    assert line == f"30_migrate.ipynb died; 1 of 2 cells ended; {changes}"
    assert (record.status, record.plan_id, record.counts) == ("died", plan.plan_id, result.counts)


def test_a_folder_without_a_record_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no record of a job"):
        state(tmp_path)
