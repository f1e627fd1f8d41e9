"""A process of leverkit in a random history: its requests are watched, and it may die at any point."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from soak.history_model import PlannedRun

from leverkit.migration.journal import Body, Intent, Journal, Outcome, WriteResponse

if TYPE_CHECKING:
    from soak.history import History


class Death(BaseException):
    """The process is gone: nothing more is sent or written by it."""


class Process:
    """Dies at the n-th point that it reaches; from then on it reaches nothing more."""

    def __init__(self, points: int = 0) -> None:
        self._left, self.dead = points, False

    def reach(self) -> None:
        """Reach a point."""
        self._left -= 1
        self.dead = self.dead or self._left == 0
        if self.dead:
            raise Death


class Watched(httpx.HTTPTransport):
    """Passes requests on one by one; notes readings and effects; lets people step in, and the process die."""

    def __init__(self, history: History, run: PlannedRun | None) -> None:
        super().__init__(verify=False)  # loopback: loading certificates would take a third of the time
        self._history, self._run = history, run
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            self._history.process.reach()
            self._history.model.keep_readings()
            if request.method == "GET":
                self._history.perhaps_people()
                response = self._send(request)
                self._note_reading(response)
            else:
                response = self._write(request)
            self._history.process.reach()
            return response

    def _send(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        response.read()
        return response

    def _note_reading(self, response: httpx.Response) -> None:
        try:
            data = response.json()["data"]
        except (ValueError, KeyError, TypeError):
            return
        for item in data if isinstance(data, list) else [data]:
            if isinstance(item, dict) and "contact" in item and "tags" in item:
                self._history.model.read(self._run, item)

    def _write(self, request: httpx.Request) -> httpx.Response:
        opportunity, verb = request.url.path.split("/")[-2:]
        tags = json.loads(request.content)["tags"]
        assert self._run is not None, "a write outside a run"
        history = self._history
        action = "add" if verb == "addTags" else "remove"
        history.wrong += history.model.wrong(self._run, action, opportunity, tags)
        before = history.tags(opportunity)
        if action == "add":
            history.model.unseen(self._run, opportunity, before.intersection(tags))
        try:
            return self._send(request)
        finally:
            after = history.tags(opportunity)
            history.seen["written"] += before != after
            history.model.effect(self._run, opportunity, before, after)


@contextmanager
def mortal_journals(history: History) -> Iterator[None]:
    """Let the process die before and after each commit of a journal; tell the model what is in doubt."""
    append, lock = Journal.append, threading.RLock()

    def mortal(self: Journal, *bodies: Body) -> int:
        with lock:
            history.process.reach()
            number = append(self, *bodies)
            history.model.keep_readings()
            for body in bodies:
                _note_doubt(history, self._path.parent.name, self.entries, body)
            history.process.reach()
        return number

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Journal, "append", mortal)
        patch.setattr("leverkit.migration.writer.WORKERS", 1)  # so that a seed tells the whole history
        patch.setattr("os.fsync", lambda _: None)  # a process dies here, not the power
        yield


def _note_doubt(history: History, name: str, entries: list[Any], body: Body) -> None:
    """A request is in doubt from its intent until what became of it is on disk."""
    run = next(run for run in history.runs if run.name == name)
    if isinstance(body, Intent):
        history.model.begin_doubt(run, body.ops)
    elif isinstance(body, Outcome):
        history.model.end_doubt(run, (body.op,))
    elif isinstance(body, WriteResponse) and body.is_without_effect:
        history.model.end_doubt(run, entries[body.intent - 1].body.ops)
