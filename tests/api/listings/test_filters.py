"""Filters are checked before anything is sent: names, times, and that none is empty."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.clients import scripted

from leverkit.api.listings.catalogue import LISTINGS, Listing
from leverkit.api.listings.filters import checked, milliseconds
from leverkit.errors import UsageError

FILTERED = [(listing, name) for listing in LISTINGS for name in listing.filters]
LETTERS = "abcdefghijklmnopqrstuvwxyz_"


@st.composite
def misspelt(draw: st.DrawFn) -> tuple[Listing, str, str]:
    """Return a listing, a filter of it, and that name with a letter less, more, changed or moved."""
    listing, name = draw(st.sampled_from(FILTERED))
    at, letter = draw(st.integers(0, len(name) - 1)), draw(st.sampled_from(LETTERS))
    forms = (
        name[:at] + name[at + 1 :],
        name[:at] + letter + name[at:],
        name[:at] + letter + name[at + 1 :],
        name[:at] + name[at + 1 : at + 2] + name[at] + name[at + 2 :],
    )
    return listing, name, draw(st.sampled_from(forms))


@settings(max_examples=200, deadline=None)
@given(misspelt())
def test_no_misspelt_filter_passes_and_the_right_one_is_suggested(found: tuple[Listing, str, str]) -> None:
    listing, name, wrong = found
    if wrong in listing.filters or not wrong:
        return
    with pytest.raises(UsageError) as caught:
        checked(listing, {wrong: "x"})
    if len(name) > 4 and not name.endswith(("_start", "_end")):
        assert f"did you mean {name!r}?" in str(caught.value) or "did you mean" in str(caught.value)


@pytest.mark.parametrize("call", ["each", "frame", "opportunities", "page", "pages"])
def test_a_misspelt_filter_is_refused_before_anything_is_sent(call: str) -> None:
    lever, requests = scripted()
    path = () if call == "opportunities" else ("/opportunities",)
    with pytest.raises(
        UsageError, match=r"no filter contct_id; did you mean 'contact_id'\? Nothing was sent"
    ):
        list(getattr(lever, call)(*path, contct_id="c"))
    assert requests == []


def test_extra_sends_what_leverkit_does_not_know() -> None:
    lever, requests = scripted()
    list(lever.each("/tags", extra={"colour": "red"}))
    assert requests[0].url.params["colour"] == "red"


@pytest.mark.parametrize("value", [None, "", [], [""], ()])
def test_an_empty_filter_is_refused_as_lever_would_send_everything(value: Any) -> None:
    lever, requests = scripted()
    with pytest.raises(UsageError, match="empty"):
        lever.each("/opportunities", contact_id=value)
    assert requests == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("created_at_start", datetime(2026, 3, 1, 12, tzinfo=UTC), 1772366400000),
        ("created_at_start", datetime(2026, 3, 1, 13, tzinfo=timezone(timedelta(hours=1))), 1772366400000),
        ("created_at_start", date(2026, 3, 1), 1772323200000),
        ("created_at_end", date(2026, 3, 1), 1772409599999),
        ("created_at_start", 1772366400000, 1772366400000),
        ("created_at_start", 0, 0),
    ],
)
def test_moments_are_sent_in_milliseconds(name: str, value: Any, expected: int) -> None:
    lever, requests = scripted()
    list(lever.each("/audit_events", **{name: value}))
    assert requests[0].url.params[name] == str(expected)


@settings(max_examples=50, deadline=None)
@given(st.datetimes(min_value=datetime(1974, 1, 1), timezones=st.timezones()))
def test_a_moment_is_the_same_in_every_zone(moment: datetime) -> None:
    found = milliseconds("created_at_start", moment)
    assert (
        timedelta(0)
        <= moment - datetime(1970, 1, 1, tzinfo=UTC) - timedelta(milliseconds=found)
        < timedelta(milliseconds=1)
    )


@pytest.mark.parametrize("value", [datetime(2026, 3, 1), 1772366400, "2026-03-01", True, 1.5])
def test_a_moment_that_may_be_another_is_refused(value: Any) -> None:
    lever, requests = scripted()
    with pytest.raises(UsageError, match=r"zone|seconds"):
        lever.each("/opportunities", created_at_start=value)
    assert requests == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("origin", "refered"), ("archived", "yes"), ("confidentiality", "both"), ("email", ["a"]), ("tag", 5)],
)
def test_a_value_that_lever_would_not_understand_is_refused(name: str, value: Any) -> None:
    lever, requests = scripted()
    with pytest.raises(UsageError, match=name):
        lever.each("/opportunities", **{name: value})
    assert requests == []


def test_flags_choices_roles_and_lists_are_sent_as_lever_documents_them() -> None:
    lever, requests = scripted()
    list(lever.each("/opportunities", archived=True, tag=["a, b", "c"], confidentiality="non-confidential"))
    list(lever.users(accessRole=["admin", "interviewer"], includeDeactivated=True))
    list(lever.archive_reasons(type="hired"))
    first, second, third = (request.url.params for request in requests)
    assert (first["archived"], first.get_list("tag")) == ("true", ["a, b", "c"])
    assert (second.get_list("accessRole[]"), second["includeDeactivated"]) == (
        ["admin", "interviewer"],
        "true",
    )
    assert third["type"] == "hired"


@pytest.mark.parametrize("path", ["/opportunities?tag=x", "https://api.lever.co/v1/tags", "/tags#x"])
def test_a_path_with_filters_in_it_is_refused(path: str) -> None:
    lever, requests = scripted()
    with pytest.raises(UsageError, match="as parameters"):
        lever.frame(path, personal=True)
    assert requests == []


def test_a_listing_is_not_read_as_one_object() -> None:
    lever, requests = scripted()
    with pytest.raises(UsageError, match="use each"):
        lever.get("/postings")
    assert requests == []
