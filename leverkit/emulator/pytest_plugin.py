"""A pytest plugin: `pytest -p leverkit.emulator.pytest_plugin` provides the fixture `lever_emulator`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from leverkit.emulator.running import Running, running


@pytest.fixture
def lever_emulator() -> Iterator[Callable[..., Running]]:
    """Return a function that serves an account until the test ends: `lever_emulator(contacts=20, seed=1)`.

    It takes the arguments of `leverkit.emulator.running`; without `rate` there is no limit.
    """
    with ExitStack() as stack:

        def serve(**options: Any) -> Running:
            return stack.enter_context(running(**{"contacts": 20, "rate": None, **options}))

        yield serve
