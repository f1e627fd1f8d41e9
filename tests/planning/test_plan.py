"""A plan as a value and as files: the id binds it, any edit is noticed, hostile tags survive."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from support.any_text import any_text
from support.plan_factory import HOSTILE, operation, plan_of

from leverkit.errors import BrakeTripped, Locked, Refused, UsageError
from leverkit.migration.journal import Journal
from leverkit.planning.brakes import OFF, Brakes
from leverkit.planning.canary import Canary
from leverkit.planning.operation import (
    Operation,
    OpportunityState,
    Skipped,
    batches,
    read_csv,
    requests,
    write_csv,
)
from leverkit.planning.plan import Plan
from leverkit.policy.decision import Undecided
from leverkit.storage import csv_file
from leverkit.storage.files import digest
from leverkit.storage.lock import hold


def rich() -> Plan:
    ops = [operation(n, tag) for n, tag in enumerate(HOSTILE)]
    return plan_of(
        *ops,
        operation(1, "old", action="remove"),
        undecided=(Undecided("?", 3),),
        skipped=(Skipped("c", "o", "t", "anonymized"),),
        warnings=("beware <b>",),
        tag_counts={"=HYPERLINK": 3},
        opportunities=100,
    )


def written(tmp_path: Path, plan: Plan | None = None) -> Path:
    (plan or rich()).write(tmp_path / "run")
    return tmp_path / "run"


def test_a_plan_read_back_is_the_plan_written(tmp_path: Path) -> None:
    plan = rich()
    assert Plan.read(written(tmp_path, plan)) == plan
    assert Plan.read(tmp_path / "run").plan_id == plan.plan_id


def test_a_spreadsheet_may_save_the_table_in_its_own_way(tmp_path: Path) -> None:
    run = written(tmp_path)
    sheet = csv_file.read(run / "plan.csv")
    rows = [[row.cells[name] for name in sheet.columns] for row in reversed(sheet.rows)]
    content = csv_file.render(sheet.columns, rows, csv_file.Dialect(";", bom=True))
    (run / "plan.csv").write_bytes(content)
    assert Plan.read(run) == rich()


def test_a_hostile_tag_is_no_formula_in_the_table(tmp_path: Path) -> None:
    run = written(tmp_path, plan_of(operation(1, "=1+1")))
    assert ",'=1+1," in (run / "plan.csv").read_text()


def test_ids_stand_in_the_table_as_they_are_so_that_it_can_be_joined(tmp_path: Path) -> None:
    contact, opportunity = "4f1b2c3d-0000-4000-8000-000000000000", "00aa-1"
    write_csv(tmp_path / "plan.csv", [Operation(contact, opportunity, "add", "3.10")])
    assert f"{contact},{opportunity},add,'3.10," in (tmp_path / "plan.csv").read_text()
    assert read_csv(tmp_path / "plan.csv")[0].contact == contact


@given(st.lists(any_text(), unique=True, max_size=8))
def test_any_tag_survives_the_table(tmp_path_factory: Any, tags: list[str]) -> None:
    path = tmp_path_factory.mktemp("csv") / "plan.csv"
    ops = tuple(sorted(operation(1, tag) for tag in tags))
    write_csv(path, ops)
    assert read_csv(path) == ops


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "propagate"},
        {"account": "other"},
        {"policy_digest": "x"},
        {"snapshot_digest": "x"},
        {"operations": (operation(1),)},
        {"operations": (operation(1), operation(2, "VIP"))},
        {"operations": (operation(1), operation(2, contact="c2"))},
        {"operations": (operation(1), operation(2, action="remove"))},
        {"host": "elsewhere"},
        {"account_ids": ("x",)},
        {"opportunities": 10**6},
        {"before": {"o1": OpportunityState("c1", ("x",))}},
        {"holders": {"vip": ("o9",)}},
        {"tag_counts": {"vip": 9}},
        {"brakes": Brakes(max_ops=10**6)},
        {"canary": Canary(("c1",), 2, 1)},
        {"skipped": (Skipped("c", "o", "t", "anonymized"),)},
        {"left_out": (Skipped("c", "o", "t", "not asked for"),)},
        {"undecided": (Undecided("?", 3),)},
        {"warnings": ("x",)},
    ],
)
def test_the_plan_id_binds_what_is_done_and_what_it_rests_on(change: dict[str, Any]) -> None:
    plan = plan_of(operation(1), operation(2))
    assert msgspec.structs.replace(plan, **change).plan_id != plan.plan_id
    assert plan_of(operation(1), operation(2)).plan_id == plan.plan_id


@pytest.mark.parametrize("name", ["taken_at", "lever_ms"])
def test_the_same_plan_from_a_later_reading_has_the_same_id(name: str) -> None:
    plan = plan_of(operation(1), operation(2))
    assert msgspec.structs.replace(plan, **{name: 1}).plan_id == plan.plan_id


def edited(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"brakes": {"max_ops": None, "max_pct": None, "max_removals": None}},
        {"tag_counts": {}},
        {"opportunities": 10**6},
        {"account": "other"},
        {"surplus": 1},
        {"plan_id": "0" * 64},
    ],
)
def test_an_edited_plan_json_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    edited(written(tmp_path) / "plan.json", **changes)
    with pytest.raises(Refused, match=r"plan\.json: edited after the plan was made"):
        Plan.read(tmp_path / "run")


def resealed(path: Path, **changes: Any) -> None:
    """Change plan.json and give it the seal that fits, as somebody can who knows how it is made."""
    document = json.loads(path.read_text()) | changes
    document.pop("seal")
    path.write_text(json.dumps(document | {"seal": digest(document)}))


@pytest.mark.parametrize(
    "changes",
    [
        {"brakes": {"max_ops": 10**6, "max_pct": None, "max_tag_pct": None, "max_removals": None}},
        {"tag_counts": {}},
        {"opportunities": 10**6},
        {"host": "elsewhere"},
        {"canary": {"contacts": ["c1"], "operations": 1, "strata": 1, "bound": "", "drawn": 1}},
        {"skipped": []},
        {"undecided": []},
        {"warnings": []},
        {"holders_digest": digest({"vip": ["o1"]})},
        {"counts": {"operations": 1}},
        {"format": 1},
    ],
)
def test_what_an_approval_binds_cannot_be_changed_under_the_same_id(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    run = written(tmp_path)
    if "holders_digest" in changes:
        (run / "holders.json").write_text('{"vip":["o1"]}')
    resealed(run / "plan.json", **changes)
    with pytest.raises(Refused, match="edited after the plan was made"):
        Plan.read(run)


@pytest.mark.parametrize("brakes", [Brakes(max_pct=30), Brakes(max_pct=float("inf")), Brakes(max_pct=1e-7)])
def test_a_limit_in_any_form_gives_an_id_that_can_be_read_back(tmp_path: Path, brakes: Brakes) -> None:
    plan = plan_of(operation(1), brakes=brakes)
    assert Plan.read(written(tmp_path, plan)).plan_id == plan.plan_id


def test_a_plan_of_format_1_is_written_and_read_as_such_and_checked_as_far_as_its_id_goes(
    tmp_path: Path,
) -> None:
    plan = replace(plan_of(operation(1), operation(2)), format=1)
    run = written(tmp_path, plan)
    assert Plan.read(run) == plan
    assert not {"account_ids", "lever_ms", "left_out"} & json.loads((run / "plan.json").read_text()).keys()
    whole = json.loads((run / "plan.json").read_text())
    for changes in (
        {"counts": whole["counts"] | {"skipped": 1}},
        {"canary": whole["canary"] | {"contacts": ["c1"]}},
        {"before_digest": digest({})},
    ):
        (run / "before.json").write_text(
            "{}" if "before_digest" in changes else (run / "before.json").read_text()
        )
        resealed(run / "plan.json", **changes)
        with pytest.raises(Refused, match="edited after the plan was made"):
            Plan.read(run)
        (run / "plan.json").write_text(json.dumps(whole))


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("plan.csv", "vip", "VIP", "plan.csv: edited"),
        ("plan.csv", "add", "remove", "plan.csv: edited"),
        ("plan.csv", "add", "destroy", "plan.csv: not the table of a plan"),
        ("plan.csv", "opportunity", "opp", "plan.csv: not the table of a plan"),
        ("before.json", "c1", "c2", "before.json: edited"),
        ("before.json", "{", "[", "before.json: damaged"),
        ("plan.json", '"format": 2', '"format": 3', "plan format 3"),
        ("plan.json", "{", "", "plan.json: damaged"),
    ],
)
def test_an_edited_file_is_refused_by_name(
    tmp_path: Path, name: str, old: str, new: str, message: str
) -> None:
    path = written(tmp_path, plan_of(operation(1), operation(2))) / name
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(Refused, match=message):
        Plan.read(tmp_path / "run")


@pytest.mark.parametrize("name", ["plan.csv", "before.json"])
def test_a_missing_part_is_refused(tmp_path: Path, name: str) -> None:
    (written(tmp_path) / name).unlink()
    with pytest.raises(Refused, match=name):
        Plan.read(tmp_path / "run")


def test_a_folder_without_a_plan_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no plan.json here"):
        Plan.read(tmp_path)


def begun(run: Path, plan: Plan) -> Path:
    """Begin a plan in its folder, as `apply` does."""
    with closing(Journal(run / "journal.sqlite")) as journal:
        journal.bind(plan.plan_id, plan.account)
    return run


def test_a_begun_plan_is_not_overwritten_by_another(tmp_path: Path) -> None:
    run = begun(written(tmp_path), rich())
    rich().write(run)
    with pytest.raises(Refused, match="another plan that was begun"):
        plan_of(operation(1)).write(run)
    assert Plan.read(run) == rich()


def test_no_plan_is_put_beside_a_journal_of_another_even_where_its_own_is_gone(tmp_path: Path) -> None:
    run = begun(written(tmp_path), rich())
    (run / "plan.json").unlink()
    with pytest.raises(Refused, match="another plan that was begun"):
        plan_of(operation(1)).write(run)
    rich().write(run)
    assert Plan.read(run) == rich()


def test_no_plan_is_written_into_a_folder_that_is_being_worked_on(tmp_path: Path) -> None:
    run = written(tmp_path)
    with hold(run / "lock", purpose="apply"), pytest.raises(Locked, match="apply"):
        plan_of(operation(1)).write(run)
    assert Plan.read(run) == rich()


def test_an_approval_is_the_id_or_enough_of_it() -> None:
    plan = rich()
    for approve in (plan.plan_id, plan.short, plan.plan_id[:8], f" {plan.short.upper()} "):
        assert plan.check_approval(approve) is None
    for approve in (plan.plan_id[:7], "0" * 12, plan.plan_id + "0"):
        with pytest.raises(Refused, match=r"is not for this plan.*what `plan` or `rollback` printed"):
            plan.check_approval(approve)
    with pytest.raises(Refused, match=f"approve plan {plan.short}"):
        plan.check_approval("")


def test_the_brakes_see_what_the_plan_changes() -> None:
    plan = rich()
    assert plan.counts["operations"] == 9
    with pytest.raises(BrakeTripped, match="9 operations: more than --max-ops 8; 1 removal:"):
        plan.check_brakes(replace(OFF, max_ops=8))
    assert plan.check_brakes(replace(OFF, max_removals=1)) is None


def test_plan_json_tells_a_person_how_much_it_is(tmp_path: Path) -> None:
    document = json.loads((written(tmp_path) / "plan.json").read_text())
    counts = {"operations": 9, "adds": 8, "removes": 1, "opportunities": 8, "contacts": 1, "tags": 9}
    assert document["counts"] == counts | {"skipped": 1, "undecided": 1, "near_duplicates": 0}
    assert (document["requests"], document["minutes"]) == (2 + 8 + 2 + 1, 0.1)
    assert document["plan_id"] == rich().plan_id
    assert document["undecided"] == [{"tag": "?", "opportunities": 3}]


def test_a_plan_draws_itself_escaped() -> None:
    html = rich()._repr_html_()
    assert "beware &lt;b&gt;" in html
    assert "<b>" not in html
    assert repr(rich()).startswith(f"<Plan {rich().short}: 8 taggings to add, 1 to remove")
    assert len(rich().frame) == 9
    assert "nothing to do" in plan_of()._repr_html_()


def test_batches_hold_whole_contacts_within_a_page_and_forty_writes() -> None:
    ops = [operation(n, contact=f"c{n // 2:03}") for n in range(200)]
    cut = list(batches(ops, {f"c{n:03}": 4 for n in range(100)}))
    assert [op for batch in cut for op in batch] == ops
    assert {len(batch) for batch in cut} == {40}
    assert all(len({op.contact for op in batch}) == 20 for batch in cut)


def test_a_contact_larger_than_a_page_is_a_batch_of_its_own() -> None:
    ops = sorted(operation(n, contact=f"c{n // 150}") for n in range(151))
    assert sorted(len(batch) for batch in batches(ops, {"c0": 150})) == [1, 150]
    assert requests(ops, {"c0": 150, "c1": 1}) == 2 * 2 + 150 + 2 + 1


def test_a_batch_asks_for_no_more_contacts_than_fit_in_an_address() -> None:
    ops = [operation(1, tag=f"t{n}", contact=f"c{n:03}") for n in range(120)]
    assert [len(batch) for batch in batches(ops, {})] == [40, 40, 40]
    assert list(batches([], {})) == []


def test_an_opportunity_is_known_by_contact_and_tags() -> None:
    assert plan_of(operation(1, action="remove")).before == {"o1": OpportunityState("c1", ("vip",))}
    assert plan_of(operation(1), operation(2)).siblings == {"c1": 2}


def test_what_was_left_out_is_told_with_its_reasons_and_listed_in_a_table(tmp_path: Path) -> None:
    skipped = (
        Skipped("ann", "one", "=1+1", "anonymized"),
        Skipped("ann", "two", "vip", "anonymized"),
        Skipped("bob", "three", "vip", "gone"),
    )
    plan = plan_of(operation(), skipped=skipped)
    assert "on 1 opportunity of 1 person, 3 changes skipped (anonymized: 2; gone: 1), 0 tags" in plan.summary
    assert plan_of().summary == "nothing to do (0 changes skipped, 0 tags undecided)"
    assert plan_of(kind="rollback").summary == "nothing to do (0 changes skipped)"
    plan.write(tmp_path)
    assert (tmp_path / "skipped.csv").read_text().splitlines() == [
        "contact,opportunity,tag,reason",
        "ann,one,'=1+1,anonymized",
        "ann,two,vip,anonymized",
        "bob,three,vip,gone",
    ]
