"""A delivery is judged by its signature, its digits of time and its ids; other fields are only named."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.any_text import any_text

from leverkit.webhook.events import EVENTS, CandidateArchiveChange, Event, ids_in
from leverkit.webhook.signature import Rejected, ReplayCache, sign, verify

SECRET = "s"
TOKEN = "be58f711f349c7780e4579cd7c63341ac6f881e4dccc3000"
THEN = 1_431_454_330_072
DATA = {"opportunityId": "opp-1", "contactId": "con-1", "candidateId": "opp-1"}
UNUSED = {
    "applicationCreated": ["applicationId"],
    "candidateStageChange": ["fromStageId", "toStageId"],
    "candidateArchiveChange": ["fromArchived", "toArchived"],
    "interviewCreated": ["interviewId", "panelId"],
}
REFUSED = ("malformed", "forged", "stale", "unsigned")


def delivery(event: object = "candidateHired", data: object = DATA, **changes: object) -> bytes:
    envelope = json.loads(sign("x", secret=SECRET, token=TOKEN, triggered_at=THEN))
    return json.dumps({**envelope, "event": event, "data": data, **changes}).encode()


def accepted(body: bytes) -> Event:
    return verify(body, secrets=[SECRET], now_ms=THEN)


def refusal(body: bytes) -> tuple[str, str]:
    with pytest.raises(Rejected) as refused:
        accepted(body)
    return refused.value.reason, refused.value.field


@pytest.mark.parametrize(
    "time",
    [
        float(THEN),
        str(THEN),
        f" {THEN} ",
        "1431454330072.0",
        "1.431454330072e12",
        "2015-05-12T18:12:10.072Z",
        "2015-05-12T20:12:10.072+02:00",
        "2015-05-12T18:12:10.072",
    ],
)
def test_a_time_may_be_written_in_another_way_as_its_digits_are_signed(time: object) -> None:
    event = accepted(delivery(triggeredAt=time))
    assert (event.triggered_at, event.odd) == (THEN, ("triggeredAt",))


@pytest.mark.parametrize(
    "time", [None, True, False, "", "soon", 0, -1, 0.5, 10**15, "NaN", "1e400", [THEN], {}]
)
def test_a_time_that_cannot_be_read_is_refused_by_name(time: object) -> None:
    assert refusal(delivery(triggeredAt=time)) == ("malformed", "triggeredAt")


@pytest.mark.parametrize(
    "time", [THEN // 1000, THEN + 1, str(THEN - 1), "2015-05-12", "2015-05-12T18:12:10Z"]
)
def test_another_time_is_forged_however_it_is_written(time: object) -> None:
    assert refusal(delivery(triggeredAt=time))[0] == "forged"


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_no_end_of_the_token_can_pass_as_the_beginning_of_the_time(cut: int) -> None:
    seen = ReplayCache()
    verify(delivery(), secrets=[SECRET], now_ms=THEN, seen=seen)
    moved = delivery(token=TOKEN[:-cut], triggeredAt=TOKEN[-cut:] + str(THEN))
    with pytest.raises(Rejected) as refused:
        verify(moved, secrets=[SECRET], now_ms=THEN, seen=seen)
    assert refused.value.reason in REFUSED


@pytest.mark.parametrize(
    ("form", "odd"),
    [
        ({"archivedAt": "2015-05-12T18:12:10Z", "reason": "r-1"}, ("data.toArchived.archivedAt",)),
        ({"archivedAt": 5, "reason": "Not a fit, sadly"}, ("data.toArchived.reason",)),
        ({"archivedAt": None, "reason": None}, ()),
        ({"archivedAt": 5, "reason": "r-1", "by": ["x"]}, ()),
        ("archived", ("data.toArchived",)),
        ([], ("data.toArchived",)),
    ],
)
def test_an_archive_state_of_another_form_is_still_one(form: object, odd: tuple[str, ...]) -> None:
    event = accepted(delivery("candidateArchiveChange", {**DATA, "toArchived": form}))
    assert isinstance(event, CandidateArchiveChange)
    assert (event.odd, event.to_archived is None, ids_in(event).contact) == (odd, False, "con-1")


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | any_text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
_fields = st.sampled_from([(name, field) for name, fields in UNUSED.items() for field in fields])


@settings(max_examples=100, deadline=None)
@given(place=_fields, value=_json, extra=st.dictionaries(any_text(max_size=9), _json, max_size=2), id_=_json)
def test_what_is_not_used_is_not_judged(
    place: tuple[str, str], value: object, extra: dict[str, object], id_: object
) -> None:
    name, field = place
    body = delivery(name, {**extra, **DATA, field: value}, id=id_, **{f"x{key}": 1 for key in extra})
    event = accepted(body)
    assert type(event) is EVENTS[name]
    assert (ids_in(event).contact, ids_in(event).opportunity) == ("con-1", "opp-1")
    assert all(odd == "id" or odd.startswith(f"data.{field}") for odd in event.odd)


@pytest.mark.parametrize("field", ["contactId", "opportunityId", "candidateId"])
@pytest.mark.parametrize("value", ["../users", "a b", "", 7, True, ["x"], {"id": "x"}])
def test_an_id_that_is_used_and_is_none_is_refused_by_name(field: str, value: object) -> None:
    assert refusal(delivery(data={**DATA, field: value})) == ("malformed", f"data.{field}")


@pytest.mark.parametrize("name", [None, 7, "", ["candidateHired"], "x" * 101])
def test_without_a_readable_name_the_ids_decide(name: object) -> None:
    event = accepted(delivery(name))
    assert (event.name, event.odd) == ("", ("event",))
    assert (ids_in(event).contact, ids_in(event).opportunity) == ("con-1", "opp-1")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"data": "contactId"}, "data"),
        ({"data": [DATA]}, "data"),
        ({"data": 7}, "data"),
        ({"token": None}, "token"),
        ({"token": "a b"}, "token"),
        ({"token": ["t"]}, "token"),
        ({"signature": 7}, "signature"),
        ({"signature": ["x"]}, "signature"),
    ],
)
def test_what_is_used_and_cannot_be_read_is_named(changes: dict[str, object], field: str) -> None:
    assert refusal(delivery(**changes)) == ("malformed", field)


def test_an_empty_list_is_the_empty_data_of_a_test_delivery() -> None:
    event = accepted(delivery(data=[]))
    assert (event.is_test, event.odd) == (True, ("data",))


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b'"x"', b"{", b"\xff\xfe", b'{"event": "\xff"}'])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    assert refusal(body) == ("malformed", "body")
