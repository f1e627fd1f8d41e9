from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.any_text import any_text

from leverkit.errors import UsageError
from leverkit.webhook import events
from leverkit.webhook.events import EVENTS, Event
from leverkit.webhook.signature import MAX_BYTES, Rejected, ReplayCache, sign, signature, verify

SECRET = "0123456789abcdef0123456789abcdef0123456789abcdef"
OLD_SECRET = "fedcba9876543210fedcba9876543210fedcba9876543210"
TOKEN = "be58f711f349c7780e4579cd7c63341ac6f881e4dccc3154"
THEN = 1_431_454_330_072
HOUR = 3_600_000
REASONS = {"oversized", "malformed", "unsigned", "forged", "stale", "future", "replayed"}
DATA = {"opportunityId": "opp-1", "contactId": "con-1", "candidateId": "opp-1"}


def delivery(event: str = "candidateHired", data: object = DATA, **changes: object) -> bytes:
    envelope = json.loads(sign(event, secret=SECRET, token=TOKEN, triggered_at=THEN))
    return json.dumps({**envelope, "data": data, **changes}).encode()


def reason_of(body: bytes, *, now_ms: int = THEN, seen: ReplayCache | None = None) -> str:
    with pytest.raises(Rejected) as refusal:
        verify(body, secrets=[SECRET], now_ms=now_ms, seen=seen)
    return refusal.value.reason


def test_the_signature_is_that_of_the_test_vector() -> None:
    assert (
        signature(TOKEN, THEN, secret=SECRET)
        == "65f4216d1725a5c4cadf3eb52db61cf370ffc1fd2e1b4ee6e2dc40d32ffb1d7d"
    )


def test_the_ten_names_are_those_that_lever_documents() -> None:
    changes = {f"interview{what}" for what in ("Created", "Updated", "Deleted")}
    moves = {f"candidate{what}" for what in ("Hired", "StageChange", "ArchiveChange", "Deleted")}
    assert set(EVENTS) == {"applicationCreated", "contactCreated", "contactUpdated"} | changes | moves


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_is_read_as_its_type(name: str) -> None:
    event = verify(delivery(name), secrets=[SECRET], now_ms=THEN)
    assert type(event) is EVENTS[name]
    assert (event.name, event.token, event.triggered_at) == (name, TOKEN, THEN)
    assert getattr(event, "contact_id", None) == "con-1"


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("data", [{}, None])
def test_a_test_delivery_without_data_is_accepted(name: str, data: object) -> None:
    event = verify(delivery(name, data), secrets=[SECRET], now_ms=THEN)
    assert event.is_test
    assert getattr(event, "opportunity_id", None) is None


def test_data_may_be_missing_altogether() -> None:
    envelope = json.loads(delivery())
    del envelope["data"]
    assert verify(json.dumps(envelope).encode(), secrets=[SECRET], now_ms=THEN).is_test


def test_stages_and_archive_states_are_read() -> None:
    moved = verify(
        delivery("candidateStageChange", {"toStageId": "lead-new", "fromStageId": "offer"}),
        secrets=[SECRET],
        now_ms=THEN,
    )
    assert isinstance(moved, events.CandidateStageChange)
    assert (moved.from_stage_id, moved.to_stage_id) == ("offer", "lead-new")
    data = {**DATA, "fromArchived": None, "toArchived": {"archivedAt": 5, "reason": "r-1", "new": 1}}
    archived = verify(delivery("candidateArchiveChange", data), secrets=[SECRET], now_ms=THEN)
    assert isinstance(archived, events.CandidateArchiveChange)
    assert archived.to_archived == events.ArchiveState(archived_at=5, reason="r-1")


def test_unknown_events_and_fields_are_no_error() -> None:
    body = delivery("opportunityMoved", {"opportunityId": "o", "shape": [1]}, id="e-1", more={"a": 1})
    event = verify(body, secrets=[SECRET], now_ms=THEN)
    assert (type(event), event.name, event.id) == (Event, "opportunityMoved", "e-1")


def test_data_cannot_overwrite_the_envelope() -> None:
    body = delivery("candidateHired", {"name": "x", "token": "x", "triggeredAt": 1, "isTest": True})
    event = verify(body, secrets=[SECRET], now_ms=THEN)
    assert (event.name, event.token, event.triggered_at, event.is_test) == (
        "candidateHired",
        TOKEN,
        THEN,
        False,
    )


def test_both_secrets_are_good_while_one_is_rotated() -> None:
    old = sign("candidateHired", secret=OLD_SECRET, token=TOKEN, triggered_at=THEN)
    for body in (delivery(), old):
        assert verify(body, secrets=[SECRET, OLD_SECRET], now_ms=THEN).name == "candidateHired"
    assert reason_of(old) == "forged"


@pytest.mark.parametrize("secrets", [[], [""], [SECRET, ""], SECRET])
def test_missing_secrets_are_a_usage_error(secrets: list[str]) -> None:
    with pytest.raises(UsageError, match="signature tokens"):
        verify(delivery(), secrets=secrets, now_ms=THEN)


@pytest.mark.parametrize(
    ("now_ms", "reason"),
    [(THEN + 24 * HOUR + 1, "stale"), (THEN - 300_001, "future")],
)
def test_age_is_limited_both_ways(now_ms: int, reason: str) -> None:
    assert reason_of(delivery(), now_ms=now_ms) == reason
    edge = now_ms - 1 if reason == "stale" else now_ms + 1
    assert verify(delivery(), secrets=[SECRET], now_ms=edge).token == TOKEN


def test_a_second_delivery_of_a_token_is_replayed_also_with_other_data() -> None:
    seen = ReplayCache()
    verify(delivery(), secrets=[SECRET], now_ms=THEN, seen=seen)
    assert reason_of(delivery(data={"opportunityId": "other"}), seen=seen) == "replayed"


def test_a_refused_delivery_does_not_use_up_its_token() -> None:
    seen = ReplayCache()
    reason_of(delivery(signature="0" * 64), seen=seen)
    reason_of(delivery(data={"opportunityId": "../users"}), seen=seen)
    assert verify(delivery(), secrets=[SECRET], now_ms=THEN, seen=seen).token == TOKEN


def test_a_forgotten_token_is_accepted_again() -> None:
    seen = ReplayCache()
    verify(delivery(), secrets=[SECRET], now_ms=THEN, seen=seen)
    seen.forget(TOKEN)
    assert verify(delivery(), secrets=[SECRET], now_ms=THEN, seen=seen).token == TOKEN


@given(times=st.lists(st.integers(1, 50), min_size=1, max_size=80), capacity=st.integers(1, 12))
def test_a_full_cache_stays_bounded_and_never_admits_twice(times: list[int], capacity: int) -> None:
    seen = ReplayCache(capacity)
    for number, at in enumerate(times):
        seen.admit(f"t{number}", at)
    assert len(seen) <= capacity
    assert not any(seen.admit(f"t{number}", at) for number, at in enumerate(times))


def test_one_of_many_threads_wins_a_token() -> None:
    seen = ReplayCache()
    with ThreadPoolExecutor(8) as pool:
        admitted = list(pool.map(lambda _: seen.admit(TOKEN, THEN), range(200)))
    assert admitted.count(True) == 1


def test_an_empty_cache_size_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="capacity"):
        ReplayCache(0)


@pytest.mark.parametrize("given_id", ["../users", "a b", "x" * 65, "", 7, ["x"], {"id": "x"}, "o\n"])
def test_an_id_that_could_change_a_path_is_malformed(given_id: object) -> None:
    assert reason_of(delivery(data={"opportunityId": given_id})) == "malformed"


def test_an_oversized_body_is_refused_before_it_is_read() -> None:
    assert reason_of(b"{" * (MAX_BYTES + 1)) == "oversized"
    assert reason_of(b"[" * MAX_BYTES) == "malformed"


@pytest.mark.parametrize("missing", ["", None])
def test_an_unsigned_delivery_has_a_reason_of_its_own(missing: str | None) -> None:
    assert reason_of(delivery(signature=missing)) == "unsigned"


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | any_text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_strange = st.sampled_from(["event", "triggeredAt", "token", "signature", "data", "id"])


def _changed(field: str, value: object) -> bytes:
    return delivery(**{field: value}) if field != "data" else delivery(data=value)


def _alter(body: bytes, place: int, byte: int) -> bytes:
    place %= len(body)
    return body[:place] + bytes([byte]) + body[place + 1 :]


_deliveries: dict[str, st.SearchStrategy[bytes]] = {
    "noise": st.binary(max_size=400),
    "json": _json.map(lambda value: json.dumps(value).encode()),
    "forged": st.text("0123456789abcdef", min_size=64, max_size=64).map(
        lambda text: delivery(signature=text)
    ),
    "other secret": any_text(min_size=1, max_size=60)
    .filter(lambda text: text != SECRET)
    .map(lambda text: sign("candidateHired", DATA, secret=text, token=TOKEN, triggered_at=THEN)),
    "other token": any_text(max_size=60)
    .filter(lambda text: text != TOKEN)
    .map(lambda text: delivery(token=text)),
    "other time": st.integers().filter(lambda at: at != THEN).map(lambda at: delivery(triggeredAt=at)),
    "cut": st.integers(0, len(delivery()) - 2).map(lambda end: delivery()[:end]),
    "oversized": st.integers(MAX_BYTES, 3 * MAX_BYTES).map(lambda size: delivery(padding="x" * size)),
    "deep": st.integers(2_000, 30_000).map(lambda depth: b'{"data":' * depth),
}


@pytest.mark.parametrize("kind", _deliveries)
@settings(max_examples=80, deadline=None)
@given(chance=st.data())
def test_bad_deliveries_are_refused_with_a_reason_and_nothing_else_is_raised(
    kind: str, chance: st.DataObject
) -> None:
    seen = ReplayCache()
    assert reason_of(chance.draw(_deliveries[kind]), seen=seen) in REASONS
    assert len(seen) == 0


@settings(max_examples=150, deadline=None)
@given(age=st.integers(24 * HOUR + 1, 10**14) | st.integers(-(10**14), -300_001))
def test_stale_and_future_deliveries_are_refused_at_any_distance(age: int) -> None:
    assert reason_of(delivery(), now_ms=THEN + age) == ("stale" if age > 0 else "future")


@settings(max_examples=150, deadline=None)
@given(times=st.integers(1, 5), data=st.dictionaries(any_text(max_size=8), any_text(max_size=8), max_size=3))
def test_replays_are_refused_whatever_data_they_carry(times: int, data: dict[str, str]) -> None:
    seen = ReplayCache()
    verify(delivery(), secrets=[SECRET], now_ms=THEN, seen=seen)
    reasons = {reason_of(delivery("contactCreated", {"x": data}), seen=seen) for _ in range(times)}
    assert reasons == {"replayed"}


@settings(max_examples=300, deadline=None)
@given(field=_strange, value=_json, place=st.integers(0), byte=st.integers(0, 255))
def test_a_damaged_delivery_is_an_event_or_a_refusal_and_never_a_crash(
    field: str, value: object, place: int, byte: int
) -> None:
    for body in (_changed(field, value), _alter(delivery(), place, byte)):
        outcome = _outcome(lambda body=body: verify(body, secrets=[SECRET], now_ms=THEN))
        assert outcome in REASONS or outcome == TOKEN


def _outcome(run: Callable[[], Event]) -> str:
    try:
        return run().token
    except Rejected as refusal:
        return refusal.reason


def test_a_webhook_handler_loads_no_pandas() -> None:
    code = "import sys, leverkit.webhook; print({'pandas', 'duckdb', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
