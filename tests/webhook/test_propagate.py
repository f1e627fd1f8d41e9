"""Propagate gives all opportunities of a person the same tags, with a plan and a journal, without pandas."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections import defaultdict
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.plan_factory import account, tags_of

from leverkit.errors import ApiError, UsageError
from leverkit.migration.journal import read
from leverkit.migration.rollback import rollback
from leverkit.planning.plan import Plan
from leverkit.scanner.scan import survey
from leverkit.webhook.event_queue import EventQueue
from leverkit.webhook.events import CandidateHired, Event
from leverkit.webhook.matching import active, applied_to, missing_shared_tags
from leverkit.webhook.propagate import propagate
from leverkit.webhook.receiver import Receiver
from leverkit.webhook.signature import verify


def person(emulated: Any) -> tuple[str, list[str]]:
    """Return a contact with several opportunities, none anonymized, and their ids."""
    contacts: dict[str, list[str]] = defaultdict(list)
    rows = emulated.do(lambda account: [row.object() for row in account.rows.values()])
    hidden = {row["id"] for row in rows if row["isAnonymized"]}
    for opportunity, contact in emulated.state()["contacts"].items():
        contacts[contact].append(opportunity)
    return next((c, o) for c, o in contacts.items() if len(o) > 1 and not hidden & set(o))


@pytest.mark.parametrize("by", ["contact", "opportunity"])
def test_a_tag_reaches_every_opportunity_of_the_person_and_no_other(tmp_path: Path, by: str) -> None:
    with account() as (emulated, lever):
        contact, mine = person(emulated)
        before = tags_of(emulated)
        who: dict[str, Any] = {by: contact if by == "contact" else mine[0]}
        result = propagate(lever, **who, add=["fluent: 日本語"], out=tmp_path)
        after = tags_of(emulated)
    assert {o for o in after if after[o] != before[o]} == set(mine)
    assert result.require().counts["done"] == len(mine)
    assert Plan.read(tmp_path).kind == "propagate"
    assert read(tmp_path / "journal.sqlite")


@pytest.mark.parametrize("parameter", ["add", "remove", "share"])
@pytest.mark.parametrize("tags", ["VIP", b"VIP", [""], [" \n"], ["x" * 256], [7], ["\ud83d"]], ids=ascii)
def test_a_text_or_what_is_no_tag_is_refused_before_anything_is_sent(
    tmp_path: Path, parameter: str, tags: Any
) -> None:
    with account() as (emulated, lever):
        contact, mine = person(emulated)
        for opportunity in mine:
            emulated.add_tags(opportunity, ["I"])
        before, sent = tags_of(emulated), len(emulated.log())
        with pytest.raises(UsageError, match=parameter):
            propagate(lever, contact=contact, out=tmp_path, **{parameter: tags})
        assert (tags_of(emulated), len(emulated.log())) == (before, sent)


@pytest.mark.parametrize("parameter", ["add", "remove", "share"])
@pytest.mark.parametrize(
    "tags",
    [pd.DataFrame({"tag": ["VIP"]}), {"VIP": False}, io.StringIO("VIP\n")],
    ids=["table", "dict", "file"],
)
def test_no_name_of_a_column_key_or_line_of_a_file_becomes_a_tag(
    tmp_path: Path, parameter: str, tags: Any
) -> None:
    with account(contacts=20) as (emulated, lever):
        contact, _ = person(emulated)
        before, sent = tags_of(emulated), len(emulated.log())
        with pytest.raises(UsageError, match=f"{parameter} must be a list of texts, not a"):
            propagate(lever, contact=contact, out=tmp_path, **{parameter: tags})
        assert (tags_of(emulated), len(emulated.log())) == (before, sent)


class Tag(StrEnum):
    """Tags of an integration."""

    VIP = "very important"


@pytest.mark.parametrize("tags", [pd.Series(["very important"]), np.array(["very important"]), Tag], ids=type)
def test_texts_of_pandas_numpy_and_enums_are_written_as_plain_texts(tmp_path: Path, tags: Any) -> None:
    with account(contacts=20) as (emulated, lever):
        contact, mine = person(emulated)
        propagate(lever, contact=contact, out=tmp_path, add=tags).require()
        assert all("very important" in tags_of(emulated)[opportunity] for opportunity in mine)


def test_every_public_list_of_names_refuses_a_single_text(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        sent = len(emulated.log())
        for call in (
            lambda: lever.add_tags("o1", "VIP"),
            lambda: lever.remove_tags("o1", "VIP"),
            lambda: lever.add_tags("o1", [" "]),
            lambda: lever.opportunities_of("c1"),
            lambda: missing_shared_tags([], "VIP"),
            lambda: verify(b"{}", secrets="secret", now_ms=0),
            lambda: Receiver(EventQueue(tmp_path / "q.sqlite"), None, "secret"),  # type: ignore[arg-type]
            lambda: applied_to(["p1"]),  # type: ignore[arg-type]
            lambda: survey("src"),
        ):
            with pytest.raises(UsageError, match=r"list|secrets|allowed|blanks"):
                call()
        assert len(emulated.log()) == sent


def test_a_tag_is_removed_wherever_it_is(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        contact, mine = person(emulated)
        emulated.add_tags(mine[0], ["old"])
        result = propagate(lever, contact=contact, add=["new"], remove=["old"], out=tmp_path)
        assert all("old" not in tags_of(emulated)[o] and "new" in tags_of(emulated)[o] for o in mine)
    assert result.counts["done"] == len(mine) + 1


def test_only_matching_opportunities_are_written_to(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        contact, (closed, *rest) = person(emulated)
        for opportunity in rest:
            emulated.archive(opportunity, None)
        emulated.archive(closed, emulated.do(lambda account: account.archive_reasons[0]["id"]))
        result = propagate(lever, contact=contact, add=["here"], matching=active, out=tmp_path)
        after = tags_of(emulated)
    assert {o for o in after if "here" in after[o]} == set(rest)
    assert result.opportunities == {closed: "not matching"} | dict.fromkeys(rest, "done")


def test_opportunities_of_one_posting_can_be_chosen(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        contact, _ = person(emulated)
        posting, other = emulated.do(lambda account: list(account.postings)[:2])
        mine = emulated.create(contact, postings=[posting])
        emulated.create(contact, postings=[other])
        taken = propagate(lever, contact=contact, add=["x"], matching=applied_to(posting), out=tmp_path)
        already = emulated.state()
    tagged = {o for o, tags in already["opportunities"].items() if "x" in tags}
    assert mine in tagged
    assert tagged == {o for o, how in taken.opportunities.items() if how == "done"}
    assert "not matching" in taken.opportunities.values()


def test_a_person_with_several_pages_of_opportunities_gets_the_tag_on_all(tmp_path: Path) -> None:
    with account(contacts=5) as (emulated, lever):
        first = emulated.create()
        contact = emulated.state()["contacts"][first]
        mine = {first, *(emulated.create(contact) for _ in range(104))}
        result = propagate(lever, opportunity=first, add=["x"], out=tmp_path)
        tagged = {o for o, tags in emulated.state()["opportunities"].items() if "x" in tags}
    assert tagged == mine == set(result.opportunities)


def test_shared_tags_come_from_any_opportunity_of_the_contact(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        contact, mine = person(emulated)
        for number, opportunity in enumerate(mine):
            emulated.add_tags(opportunity, [f"skill: {number}", f"here only: {number}"])
        skills = [f"skill: {number}" for number in range(len(mine) + 5)]
        propagate(lever, contact=contact, share=skills, out=tmp_path)
        after = tags_of(emulated)
    assert all(f"skill: {n}" in after[o] for n in range(len(mine)) for o in mine)
    assert [f"here only: {n}" in after[mine[0]] for n in range(2)] == [True, False]


def test_an_event_leads_to_the_contact_that_lever_names_not_to_the_one_it_claims(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        _, mine = person(emulated)
        stranger = next(c for o, c in emulated.state()["contacts"].items() if o not in mine)
        event = CandidateHired(
            name="candidateHired", token="t", triggered_at=1, opportunity_id=mine[0], contact_id=stranger
        )
        propagate(lever, event=event, add=["hired once"], out=tmp_path)
        after = tags_of(emulated)
    assert {o for o in after if "hired once" in after[o]} == set(mine)


def test_the_same_again_writes_nothing_and_returns_no_op(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        contact, mine = person(emulated)
        propagate(lever, contact=contact, add=["x"], out=tmp_path / "1")
        emulated.clear_log()
        again = propagate(lever, contact=contact, add=["x"], out=tmp_path / "2")
        assert {entry["method"] for entry in emulated.log()} == {"GET"}
    assert again.opportunities == dict.fromkeys(mine, "no_op")


def test_a_dry_run_and_nothing_to_do_write_nothing(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        contact, mine = person(emulated)
        emulated.clear_log()
        wish = propagate(lever, contact=contact, add=["x"], dry_run=True, out=tmp_path / "run")
        nothing = propagate(lever, contact=contact, remove=["not there"], out=tmp_path / "run")
        assert {entry["method"] for entry in emulated.log()} == {"GET"}
    assert (wish.counts["pending"], wish.exit_code) == (len(mine), 8)
    assert (nothing.planned, nothing.exit_code) == (0, 0)
    assert not (tmp_path / "run").exists()


def test_the_same_again_later_is_a_run_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEVERKIT_WORKSPACE", str(tmp_path))
    with account() as (emulated, lever):
        contact, mine = person(emulated)
        for seconds in (1.0, 2.0):
            assert propagate(lever, contact=contact, add=["x"], now=lambda s=seconds: s).counts["done"]
            for opportunity in mine:
                emulated.remove_tags(opportunity, ["x"])
    assert len(list((tmp_path / "propagate").iterdir())) == 2


def test_a_propagation_can_be_rolled_back(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        contact, mine = person(emulated)
        propagate(lever, contact=contact, add=["x"], out=tmp_path / "run")
    assert {op.opportunity for op in rollback(tmp_path / "run", tmp_path / "back").operations} == set(mine)


def test_an_anonymized_opportunity_is_left_alone(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        contact, (hidden, *rest) = person(emulated)
        emulated.anonymize(hidden)
        result = propagate(lever, contact=contact, add=["x"], out=tmp_path)
    assert result.opportunities == {hidden: "anonymized"} | dict.fromkeys(rest, "done")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "name a contact, an opportunity or an event, one of them"),
        ({"contact": "c", "opportunity": "o"}, "name a contact, an opportunity or an event, one of them"),
        (
            {"event": Event(name="candidateHired", token="t", triggered_at=1, is_test=True), "add": ["x"]},
            "this names nobody",
        ),
        ({"contact": "nobody", "add": ["x"]}, "contact nobody has no opportunity"),
        ({"contact": "c", "add": ["x"], "remove": ["x"]}, "'x' is both to be added and to be removed"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(options: dict[str, Any], message: str) -> None:
    with account(contacts=3) as (_, lever), pytest.raises(UsageError, match=message):
        propagate(lever, **options)


def test_an_unknown_opportunity_is_an_api_error(tmp_path: Path) -> None:
    with account(contacts=3) as (_, lever), pytest.raises(ApiError, match="404"):
        propagate(lever, opportunity="nothing/../here", add=["x"], out=tmp_path)


def test_a_webhook_handler_loads_no_dashboard() -> None:
    code = "import sys, json, leverkit.webhook.propagate; print(json.dumps(sorted(sys.modules)))"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    heavy = {
        "pandas",
        "numpy",
        "duckdb",
        "matplotlib",
        "papermill",
        "ipywidgets",
        "nbconvert",
        "IPython",
        "starlette",
        "uvicorn",
    }
    assert heavy & set(json.loads(output)) == set()
