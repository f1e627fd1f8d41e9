"""Properties: walks see each matching object once when nothing moves; tokens; the rate limit; live views."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.any_text import any_text
from support.emulator_accounts import walk

from leverkit.emulator import Running
from leverkit.emulator.account import filters, listing, offset_tokens
from leverkit.emulator.account.account import Account
from leverkit.emulator.account.listing import Listing
from leverkit.emulator.config import Config
from leverkit.emulator.generator.generate import generate
from leverkit.emulator.http.rate_limit import RateLimit
from leverkit.emulator.response import RequestError
from leverkit.emulator.server.simulated_users import SimulatedUsers

QUIET = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TIMES = st.integers(1_580_000_000_000, 1_750_000_000_000)


@st.composite
def queries(draw: st.DrawFn) -> dict[str, Any]:
    """Return some filters of GET /opportunities."""
    query: dict[str, Any] = {"confidentiality": draw(st.sampled_from(filters.CONFIDENTIALITY))}
    for name in draw(st.sets(st.sampled_from(sorted(filters.RANGES)), max_size=2)):
        query[f"{name}_{draw(st.sampled_from(['start', 'end']))}"] = draw(TIMES)
    for name in draw(st.sets(st.sampled_from(sorted(filters.FLAGS)), max_size=1)):
        query[name] = draw(st.sampled_from(["true", "false"]))
    if draw(st.booleans()):
        query["origin"] = draw(st.lists(st.sampled_from(["applied", "sourced", "agency"]), min_size=1))
    return query


def expected(account: Account, query: dict[str, Any]) -> set[str]:
    """Return the ids that a filter means, computed row by row."""
    lists = {name: value if isinstance(value, list) else [str(value)] for name, value in query.items()}
    predicates, wanted = (
        filters.predicates(lists, now=account.now(), config=account.config),
        query["confidentiality"],
    )
    rows = [row for row in account.rows.values() if all(predicate(row) for predicate in predicates)]
    return {row.id for row in rows if wanted == "all" or row.confidential is (wanted == "confidential")}


@QUIET
@given(query=queries(), limit=st.integers(1, 100))
def test_any_walk_yields_each_matching_object_once(
    reader: httpx.Client, library: Running, query: dict[str, Any], limit: int
) -> None:
    ids = [item["id"] for item in walk(reader, "/opportunities", limit=limit, include=["id"], **query)]
    assert len(ids) == len(set(ids))
    assert set(ids) == library.do(lambda account: expected(account, query))


@given(
    st.tuples(st.one_of(st.integers(0, 300), st.just(230.5)), st.integers(0, 1 << 45), st.uuids().map(str))
)
def test_tokens_survive_no_single_and_double_encoding(key: tuple[Any, ...]) -> None:
    token = offset_tokens.write(key)
    types = listing.DEFAULT.types
    assert offset_tokens.read(token, types) == offset_tokens.read(offset_tokens.decoded(token), types) == key
    assert quote(token) != token


@given(any_text())
def test_anything_else_is_an_invalid_offset(text: str) -> None:
    with pytest.raises(RequestError, match="Invalid offset token"):
        offset_tokens.read(text, listing.DEFAULT.types)


@given(st.integers(1, 30), st.integers(1, 40), st.lists(st.floats(0, 0.5), max_size=120))
def test_the_rate_limit_never_admits_more_than_rate_and_burst_in_any_second(
    rate: int, burst: int, gaps: list[float]
) -> None:
    limit, now, admitted = RateLimit(rate, burst), 0.0, []
    for gap in gaps:
        now += gap
        if limit.admit(now):
            admitted.append(now)
    for start in admitted:
        assert sum(start <= at < start + 1 for at in admitted) <= rate + burst


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.lists(queries(), min_size=1, max_size=4))
def test_a_view_in_use_is_what_a_fresh_one_would_be_whatever_people_do(
    seed: int, filtered: list[dict[str, Any]]
) -> None:
    account = generate(contacts=15, seed=seed % 7)
    views = []
    for number, query in enumerate(filtered):
        lists = {name: value if isinstance(value, list) else [str(value)] for name, value in query.items()}
        predicates = filters.predicates(lists, now=account.now(), config=account.config)
        views.append((account.view(number, predicates, listing.DEFAULT), predicates))
    account.config = Config(humans_seed=seed)
    simulated_users = SimulatedUsers(account)
    for _ in range(25):
        simulated_users.step()
    for view, predicates in views:
        assert view.rows == Listing(account.rows.values(), predicates, listing.DEFAULT).rows
    assert account.tags == generated_counts(account)


def generated_counts(account: Account) -> dict[str, int]:
    """Return the tag counts, counted anew."""
    counts: dict[str, int] = {}
    for row in account.rows.values():
        for tag in row.object()["tags"]:
            counts[tag] = counts.get(tag, 0) + 1
    return counts


def test_all_pages_of_a_filter_are_cut_from_one_sorted_view() -> None:
    first = {"tag": ["a"], "limit": ["2"]}
    second = {"offset": ["%5B1%5D"], "limit": ["50"], "tag": ["a"]}
    assert filters.fingerprint(first) == filters.fingerprint(second) != filters.fingerprint({"tag": ["b"]})
