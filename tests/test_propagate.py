"""Propagate keeps a person's opportunities alike, through the same door as a migration, and stays light."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from plans import account, tags_of

from leverkit.errors import ApiError, UsageError
from leverkit.journal import read
from leverkit.planfile import Plan
from leverkit.propagate import propagate
from leverkit.rollback import rollback


def person(emulated: Any) -> tuple[str, list[str]]:
    """A contact with several opportunities, none anonymized."""
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


def test_a_tag_is_taken_off_wherever_it_is(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        contact, mine = person(emulated)
        emulated.add_tags(mine[0], ["old"])
        result = propagate(lever, contact=contact, add=["new"], remove=["old"], out=tmp_path)
        assert all("old" not in tags_of(emulated)[o] and "new" in tags_of(emulated)[o] for o in mine)
    assert result.counts["done"] == len(mine) + 1


def test_matching_tags_of_the_named_opportunity_are_copied(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        _, (source, other, *_) = person(emulated)
        emulated.add_tags(source, ["skill: go", "Skill: no", "seed"])
        emulated.add_tags(other, ["skill: not from here"])
        propagate(lever, opportunity=source, matching="skill:*", out=tmp_path)
        after = tags_of(emulated)
    assert "skill: go" in after[other]
    assert "Skill: no" not in after[other]
    assert "skill: not from here" not in after[source]


def test_matching_tags_of_a_named_contact_come_from_anywhere(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        contact, mine = person(emulated)
        for number, opportunity in enumerate(mine):
            emulated.add_tags(opportunity, [f"skill: {number}"])
        propagate(lever, contact=contact, matching="skill:*", out=tmp_path)
        after = tags_of(emulated)
    assert all(f"skill: {n}" in after[o] for n in range(len(mine)) for o in mine)


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
    assert {each.operation.opportunity for each in result.ended} == set(rest)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "name either a contact or an opportunity"),
        ({"contact": "c", "opportunity": "o"}, "name either a contact or an opportunity"),
        ({"contact": "nobody", "add": ["x"]}, "contact nobody has no opportunity"),
        ({"contact": "", "add": ["x"], "remove": ["x"]}, "'x' is both to be added and to be removed"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(options: dict[str, Any], message: str) -> None:
    with account(contacts=20) as (emulated, lever):
        if options.get("contact") == "":
            options = options | {"contact": person(emulated)[0]}
        with pytest.raises(UsageError, match=message):
            propagate(lever, **options)


def test_an_unknown_opportunity_is_an_api_error(tmp_path: Path) -> None:
    with account(contacts=3) as (_, lever), pytest.raises(ApiError, match="404"):
        propagate(lever, opportunity="nothing/../here", add=["x"], out=tmp_path)


def test_a_webhook_handler_does_not_pay_for_a_dashboard() -> None:
    code = "import sys, json, leverkit.propagate; print(json.dumps(sorted(sys.modules)))"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    heavy = {"pandas", "numpy", "duckdb", "matplotlib", "papermill", "ipywidgets", "nbconvert", "IPython"}
    assert heavy & set(json.loads(output)) == set()
