"""The table that settles operations, case by case and exhaustively."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from support.fake_time import Clock
from support.plan_factory import operation, plan_of

from leverkit.api.models import Opportunity
from leverkit.migration.journal import Intent, WriteResponse
from leverkit.migration.outcomes import Judgement, Reading, after_write, before_write
from leverkit.migration.times import Times

ADD, REMOVE = operation(), operation(action="remove")
INTENT = Intent((0,), "o1", "add", ("vip",), (), 7)


def now(*tags: str, contact: str = "c1", updated_at: int | None = 7, anonymized: bool = False) -> Opportunity:
    return Opportunity(id="o1", contact=contact, tags=tags, updated_at=updated_at, is_anonymized=anonymized)


def after(
    op: Any, seen: Opportunity | None, answer: WriteResponse, *, had: Any = (), last: bool = True
) -> Judgement:
    return after_write(op, seen, answer, before=now(*had), last=last)


def before(op: Any, seen: Opportunity | None, **options: Any) -> Judgement:
    plan = plan_of(kind=options.pop("kind", "migrate"))
    return before_write(plan, op, now=seen, **{"source": True, "intent": None} | options)


@pytest.mark.parametrize(
    ("op", "seen", "options", "outcome", "evidence"),
    [
        (ADD, now(), {}, None, ""),
        (REMOVE, now("vip"), {}, None, ""),
        (ADD, None, {}, "gone", "not to be found"),
        (ADD, now("vip"), {}, "no_op", "already so"),
        (REMOVE, now(), {}, "no_op", "already so"),
        (ADD, now(), {"source": False}, "drifted", "no other opportunity"),
        (ADD, now(), {"source": False, "kind": "propagate"}, None, ""),
        (ADD, now(), {"source": False, "kind": "rollback"}, None, ""),
        (REMOVE, now("vip"), {"source": False}, None, ""),
        (ADD, now(contact="c2"), {}, "drifted", "another contact"),
        (ADD, now(contact="c2"), {"kind": "propagate"}, "drifted", "another contact"),
        (ADD, now(contact="c2"), {"kind": "rollback"}, None, ""),
        (ADD, now(anonymized=True), {}, "drifted", "anonymized"),
        (ADD, now("vip", anonymized=True), {}, "no_op", "already so"),
        (ADD, now(), {"intent": INTENT}, None, ""),
        (ADD, now(updated_at=8), {"intent": INTENT}, "drifted", "changed by someone after"),
        (ADD, now(updated_at=None), {"intent": INTENT}, "drifted", "changed by someone after"),
        (ADD, now("vip", updated_at=8), {"intent": INTENT}, "done", "answer was lost"),
    ],
)
def test_before_a_write(op: Any, seen: Any, options: Any, outcome: str | None, evidence: str) -> None:
    judgement = before(op, seen, **options)
    assert judgement.outcome == outcome
    assert evidence in judgement.evidence
    assert judgement.effective == (outcome == "done")


@pytest.mark.parametrize(
    ("op", "seen", "said", "last", "outcome", "evidence"),
    [
        (ADD, now("vip"), "ok", False, "done", "read back"),
        (ADD, now("vip"), "lost", False, "done", "read back"),
        (ADD, now("vip"), "refused", False, "no_op", "someone else"),
        (ADD, now(), "refused", False, "failed", "refused: because"),
        (ADD, now(), "ok", False, None, ""),
        (ADD, now(), "lost", False, None, ""),
        (ADD, now(), "ok", True, "failed", "without effect"),
        (ADD, now(), "lost", True, "failed", "no answer"),
        (ADD, None, "ok", False, "gone", "after the request"),
        (REMOVE, now(), "ok", False, "done", "read back"),
        (REMOVE, now("vip"), "ok", True, "failed", "without effect"),
        (REMOVE, now("vip", updated_at=8), "ok", True, "drifted", "perhaps undone"),
        (ADD, now(updated_at=8), "lost", True, "drifted", "perhaps undone"),
        (ADD, now(updated_at=8), "ok", False, None, ""),
    ],
)
def test_after_a_write(op: Any, seen: Any, said: Any, last: bool, outcome: str | None, evidence: str) -> None:
    judgement = after(op, seen, WriteResponse(1, said, 5, "because"), last=last)
    assert judgement.outcome == outcome
    assert evidence in judgement.evidence


@pytest.mark.parametrize(
    ("tag", "stored"),
    [
        ("vip ", "vip"),
        ("VIP", "vip"),
        ("Cafe\u0301 lovers", "Caf\u00e9 lovers"),
        ("a  b", "a b"),
        ("speaks Portuguese", "speaks Portu"),
    ],
)
def test_a_tag_that_lever_stored_in_another_form_is_named(tag: str, stored: str) -> None:
    op, answered = operation(tag=tag), WriteResponse(1, "ok", 5)
    seen = now(stored, "old", updated_at=8)
    judgement = after(op, seen, answered, had=("old",))
    assert (judgement.outcome, judgement.stored, judgement.effective) == ("failed", stored, False)
    assert f"Lever stored it as {stored!r}" in judgement.evidence
    again = Intent((0,), "o1", "add", (tag,), ("old",), 7)
    assert before(op, seen, intent=again) == judgement  # and it is not written again
    assert after(op, seen, answered, had=("old", stored)).stored == ""


def test_another_new_tag_is_not_taken_for_ours() -> None:
    for other in ("by hand", "v", "vip lounge", "VI"):
        assert after(ADD, now(other), WriteResponse(1, "ok", 5)).stored == ""
    assert after(REMOVE, now("vip", "VIP"), WriteResponse(1, "ok", 5), had=("vip",)).stored == ""


def test_every_history_ends_true_and_no_person_is_overruled() -> None:
    """2 actions x had the tag x applied x answered x changed by a person before x after, or not."""
    settled = 0
    for action, had, applied, answered, person_before, person_after in product(
        ("add", "remove"), *[(False, True)] * 5
    ):
        op = operation(action=action)
        want = action == "add"
        clock, has = 7, had
        if person_before:
            clock, has = clock + 1, not has
        first = before(op, now(*["vip"] * has, updated_at=clock))
        if first.outcome is not None:
            assert (first.outcome, has) == ("no_op", want)
            continue
        intent = Intent((0,), "o1", action, ("vip",), tuple(["vip"] * has), clock)
        if applied:
            clock, has = clock + 1, want
        if person_after:
            clock, has = clock + 1, not has
        seen = now(*["vip"] * has, updated_at=clock)
        if answered:
            judgement = after(op, seen, WriteResponse(1, "ok" if applied else "lost", 5))
        else:
            judgement = before(op, seen, intent=intent)
        if judgement.outcome is None:  # written again: only where nobody has touched it since
            assert (applied, person_after) == (False, False)
        else:
            assert (judgement.outcome == "done") == (has == want)
        settled += 1
    assert settled == 32


def test_a_reading_is_as_old_as_the_time_awake_and_asleep_since_its_answer() -> None:
    steady, wall = Clock(), Clock()
    times = Times(clock=steady, wall=wall)
    answer = times.now()
    reading = Reading(answer, answer, {})
    steady.sleep(8)
    wall.sleep(13)
    assert reading.age(times) == 13
    wall.sleep(-60)  # set back
    assert reading.age(times) == 8
