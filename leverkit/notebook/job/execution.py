"""Executes a notebook with papermill, and tells how it ended.

papermill marks every cell completed after a timeout, a dead kernel or Ctrl-C (2.7.0). So how a notebook ended
comes from what was raised here, not from the notebook.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import msgspec

from leverkit.errors import INTERRUPTED, LeverkitError
from leverkit.notebook.job.run_record import Failure, Status
from leverkit.notebook.parameters import Value

SHUTDOWN_TIME = 20  # seconds for an interrupted kernel to end its journal
CellHook = Callable[..., None]  # called with `cell` and `cell_index` when a cell begins


class End(msgspec.Struct, frozen=True):
    """How an execution ended: status, exit code, and the error if there was one."""

    status: Status
    exit_code: int
    error: Failure | None = None


def execute(
    notebook: Path, partial: Path, values: Mapping[str, Value], timeout: int | None, begins: CellHook | None
) -> End:
    """Run the notebook into the file `partial` and return how it ended; `timeout` is seconds per cell."""
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    try:
        with _terminable():
            _papermill(notebook, partial, values, timeout, begins)
    except PapermillExecutionError as error:
        return raised(error.ename, error.evalue, error.exec_count)
    except KeyboardInterrupt:
        return raised("KeyboardInterrupt", "stopped by Ctrl-C or SIGTERM; the same command resumes")
    except CellTimeoutError:
        return raised("CellTimeoutError", f"a cell took longer than {timeout} s")
    except DeadKernelError:
        return raised("DeadKernelError", "the kernel died: out of memory, or killed")
    except Exception as error:
        return raised(type(error).__name__, str(error))
    return End("done", 0)


def raised(name: str, message: str, cell: int | None = None) -> End:
    """Return the end of a notebook in which an error of this class was raised."""
    code = exit_code_of(name)
    status: Status = "interrupted" if code == INTERRUPTED else "failed"
    return End(status, code, Failure(name, message, cell))


def _papermill(
    notebook: Path, partial: Path, values: Mapping[str, Value], timeout: int | None, begins: CellHook | None
) -> None:
    import papermill
    from traitlets.config import Config

    for teller in ("asyncio", "papermill"):
        logging.getLogger(teller).addFilter(_tells_more)  # stays: asyncio tells when it clears away
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
        on_cell_start=begins,
        extra_arguments=["--log-level=CRITICAL"],  # else an interrupted kernel writes to our stderr
    )


def _tells_more(entry: logging.LogRecord) -> bool:
    """Return False for what asyncio and nbclient say of an ended kernel: `execute` returns that already."""
    from nbclient.exceptions import DeadKernelError

    is_of_task = entry.exc_info and isinstance(entry.exc_info[1], DeadKernelError)
    return not (is_of_task or entry.getMessage().startswith("Kernel died while waiting"))


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


def exit_code_of(name: str) -> int:
    """Return the exit code for the class name of an error that a kernel raised."""
    codes = {error.__name__: error.exit_code for error in _tree(LeverkitError)}
    return codes.get(name, INTERRUPTED if name == "KeyboardInterrupt" else 1)


def _tree(root: type[LeverkitError]) -> Iterator[type[LeverkitError]]:
    yield root
    for child in root.__subclasses__():
        yield from _tree(child)
