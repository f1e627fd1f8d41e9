"""Run DAGs of a file with `dag.test()`, and print state and tries of each task: Airflow's Python runs it."""

from __future__ import annotations

import json
import runpy
import sys
from contextlib import redirect_stdout


def main(file: str, *names: str) -> None:
    """Print one JSON object: DAG, task, [state, tries]."""
    with redirect_stdout(sys.stderr):
        made = runpy.run_path(file)
        runs = {name: made[name].test() for name in names}
    states = {
        name: {each.task_id: [str(each.state), each.try_number] for each in run.get_task_instances()}
        for name, run in runs.items()
    }
    print(json.dumps(states))


if __name__ == "__main__":
    main(*sys.argv[1:])
