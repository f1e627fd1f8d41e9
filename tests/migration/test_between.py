"""What stands between us and Lever may refuse in its place, mix up answers, or take minutes."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from support.plan_factory import account, carried_out, migration, opened, resumed, tags_of

from leverkit.api.auth import ExpiringToken, Secret
from leverkit.errors import AccessDenied, ApiError, UsageError
from leverkit.migration.rollback import rollback
from leverkit.migration.times import Times
from leverkit.planning.operation import Operation
from leverkit.planning.plan import Plan
from leverkit.webhook.propagate import propagate

Answer = Callable[[httpx.Request], httpx.Response]


class Between(httpx.BaseTransport):
    """A gateway: `through` gets each request, and what passes it on."""

    def __init__(self, through: Callable[[httpx.Request, Answer], httpx.Response]) -> None:
        self._http, self._through = httpx.HTTPTransport(), through

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._through(request, self._http.handle_request)

    def close(self) -> None:
        self._http.close()


def read(answer: httpx.Response) -> httpx.Response:
    """The answer, read to its end."""
    answer.read()
    answer.close()
    return answer


@dataclass
class Delay:
    """A wait of minutes, in which people take the tag of an operation off whoever carries it."""

    emulated: Any
    operation: Operation
    ahead: float = 0.0
    asked: list[float] = field(default_factory=list)

    def pass_by(self) -> None:
        """Let the minutes pass, once."""
        if not self.ahead:
            self.ahead = 180.0
            for opportunity, contact in self.emulated.state()["contacts"].items():
                if contact == self.operation.contact:
                    self.emulated.remove_tags(opportunity, [self.operation.tag])

    @property
    def times(self) -> Times:
        """The clocks of a run, on which the minutes passed."""
        return Times(
            clock=lambda: time.monotonic() + self.ahead,
            wall=lambda: time.time() + self.ahead,
            sleep=lambda _: None,
            reread_after=(0.0,),
        )


@pytest.mark.parametrize("status", [302, 403, 408, 409])
def test_what_a_gateway_refused_after_lever_did_it_is_ours_and_is_taken_back(
    tmp_path: Path, status: int
) -> None:
    refused: list[str] = []

    def through(request: httpx.Request, pass_on: Answer) -> httpx.Response:
        answer = pass_on(request)
        if request.method == "GET" or refused:
            return answer
        refused.append(request.url.path)
        read(answer)
        return httpx.Response(status, content=b"<html>Sign in</html>")

    with account() as (emulated, lever):
        plan, before = migration(emulated, lever), tags_of(emulated)
        with opened(emulated, transport=Between(through)) as behind, suppress(AccessDenied):
            carried_out(plan, tmp_path / "run", behind)
        assert refused
        undo = rollback(tmp_path / "run", tmp_path / "undo")
        assert resumed(undo, tmp_path / "undo", lever).exit_code == 0
        assert tags_of(emulated) == before


@pytest.mark.parametrize("kind", ["migrate", "rollback"])
def test_an_answer_about_another_opportunity_is_believed_by_nobody(tmp_path: Path, kind: str) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        if kind == "rollback":
            carried_out(plan, tmp_path / "run", lever)
            plan = rollback(tmp_path / "run", tmp_path / "undo")
        op = plan.operations[0]
        contacts = {each.contact for each in plan.operations}
        other = next(o for o, c in emulated.state()["contacts"].items() if c not in contacts)
        emulated.add_tags(other, [op.tag])
        before = tags_of(emulated)[other]
        emulated.delete(op.opportunity)

        def through(request: httpx.Request, pass_on: Answer) -> httpx.Response:
            url = str(request.url).replace(f"/opportunities/{op.opportunity}", f"/opportunities/{other}")
            return pass_on(httpx.Request(request.method, url, headers=request.headers, stream=request.stream))

        with (
            opened(emulated, transport=Between(through)) as behind,
            pytest.raises(ApiError, match="another opportunity"),
        ):
            carried_out(plan, tmp_path / "behind", behind)
        assert tags_of(emulated)[other] == before


def test_nobody_is_tagged_where_the_filter_by_contact_is_not_heeded(tmp_path: Path) -> None:
    def through(request: httpx.Request, pass_on: Answer) -> httpx.Response:
        url = request.url.copy_remove_param("contact_id")
        return pass_on(httpx.Request(request.method, url, headers=request.headers, stream=request.stream))

    with account() as (emulated, lever):
        before = tags_of(emulated)
        contact = migration(emulated, lever).operations[0].contact
        with (
            opened(emulated, transport=Between(through)) as behind,
            pytest.raises(ApiError, match="other contacts"),
        ):
            propagate(behind, contact=contact, add=["VIP"], out=tmp_path)
        assert tags_of(emulated) == before


@pytest.mark.parametrize("by", ["contact", "opportunity"])
def test_nobody_is_tagged_where_a_cache_answers_with_the_listing_of_somebody_else(
    tmp_path: Path, by: str
) -> None:
    with account() as (emulated, lever):
        before, op = tags_of(emulated), migration(emulated, lever).operations[0]
        other = next(c for c in emulated.state()["contacts"].values() if c != op.contact)

        def through(request: httpx.Request, pass_on: Answer) -> httpx.Response:
            url = request.url
            if "contact_id" in url.params:
                url = url.copy_set_param("contact_id", other)
            return pass_on(httpx.Request(request.method, url, headers=request.headers, stream=request.stream))

        who: dict[str, Any] = {by: getattr(op, by)}
        with (
            opened(emulated, transport=Between(through)) as behind,
            pytest.raises(UsageError, match=f"opportunities of contact {other}"),
        ):
            propagate(behind, **who, add=["VIP"], out=tmp_path)
        assert tags_of(emulated) == before


def test_a_reading_is_as_old_as_the_first_of_its_answers(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        first, gone = _of_two_contacts(plan)
        emulated.delete(gone.opportunity)
        delay = Delay(emulated, first)

        def through(request: httpx.Request, pass_on: Answer) -> httpx.Response:
            if request.url.path.endswith(f"/opportunities/{gone.opportunity}"):
                delay.pass_by()
            return pass_on(request)

        plan = msgspec.structs.replace(plan, operations=(first, gone))
        with opened(emulated, transport=Between(through)) as behind:
            ended = carried_out(plan, tmp_path, behind, times=delay.times)
        assert {
            op.opportunity for op in plan.operations if op.tag in tags_of(emulated).get(op.opportunity, ())
        } == set()
        assert (ended.counts["drifted"], ended.counts["gone"]) == (1, 1)


def test_a_reading_that_always_takes_long_is_made_of_fewer_opportunities(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        carried_out(plan, tmp_path / "run", lever)
        undo = rollback(tmp_path / "run", tmp_path / "undo")
        moved = {op.contact for op in undo.operations}
        winner = next(c for c in emulated.state()["contacts"].values() if c not in moved)
        for contact in moved:
            emulated.merge(contact, winner)
        ahead = [0.0]

        def through(request: httpx.Request, pass_on: Answer) -> httpx.Response:
            looked_up = request.method == "GET" and request.url.path.count("/") == 3
            ahead[0] += 4.0 * looked_up  # three of them take longer than a reading may be old
            return pass_on(request)

        times = Times(
            clock=lambda: time.monotonic() + ahead[0],
            wall=lambda: time.time() + ahead[0],
            sleep=lambda _: None,
            reread_after=(),
        )
        with opened(emulated, transport=Between(through)) as behind:
            assert resumed(undo, tmp_path / "undo", behind, times=times).counts["done"] == len(
                undo.operations
            )


class SlowToken(ExpiringToken):
    """A token that is due, or refused, when something is written; to replace it takes minutes."""

    def __init__(self, key: str, delay: Delay) -> None:
        self.delay, self.is_due, self.value = delay, False, key
        super().__init__("")
        self.reveal = lambda: self.value

    def ready(self) -> Secret:
        """Replace it where it is due."""
        if self.is_due:
            self.is_due = False
            self.replaced(self)
        return Secret(self.value)

    def replaced(self, refused: Secret) -> bool:
        """Replace it by another key of the account."""
        self.value = self.delay.emulated.key()
        self.delay.pass_by()
        return True


@pytest.mark.parametrize("when", ["due", "refused"])
def test_a_write_after_a_new_token_was_fetched_rests_on_another_reading(tmp_path: Path, when: str) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        op = plan.operations[0]
        plan = msgspec.structs.replace(plan, operations=(op,))
        delay = Delay(emulated, op)
        token = SlowToken(emulated.api_key, delay)
        if when == "refused":
            emulated.fault("status", status=401, method="POST")

        def through(request: httpx.Request, pass_on: Answer) -> httpx.Response:
            token.is_due = when == "due" and "contact_id" in request.url.params and not delay.ahead
            return pass_on(request)

        with opened(emulated, key=token, transport=Between(through)) as behind:
            ended = carried_out(plan, tmp_path, behind, times=delay.times)
        assert delay.ahead
        assert op.tag not in tags_of(emulated)[op.opportunity]
        assert ended.counts["done"] == 0
        assert resumed(plan, tmp_path, lever).counts["drifted"] == 1


def _of_two_contacts(plan: Plan) -> tuple[Operation, Operation]:
    first = plan.operations[0]
    other = next(op for op in plan.operations if op.contact != first.contact)
    return (first, other) if first < other else (other, first)
