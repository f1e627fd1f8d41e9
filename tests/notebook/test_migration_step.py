"""What a run's report shows: people as links or salted ids, and tag counts as Lever has them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from support.notebook_accounts import decide_rightly

from leverkit.emulator import Running
from leverkit.migration.result import OperationResult, Result
from leverkit.notebook.migration_step import Message, MigrationStep
from leverkit.notebook.step_report import StepReport
from leverkit.notebook.workspace import AccountWorkspace, desk
from leverkit.planning.operation import Operation
from leverkit.report.anonymisation import SALT, PersonDisplay
from leverkit.report.html import Chart
from leverkit.verification.verification import Change, Count, PairCheck, Verification

SALTED = PersonDisplay(salt=bytes(range(32)))


@pytest.fixture
def decided(lever_account: Running) -> Iterator[AccountWorkspace]:
    """Give a desk where people have decided, as the truth of the account is."""
    found = desk(rate=1000.0)
    with found.lever:
        decide_rightly(found, lever_account.truth)
        yield found


def ids(step: MigrationStep) -> set[str]:
    """Return the starts of the ids of everybody in a plan."""
    pairs = ((operation.contact, operation.opportunity) for operation in step.plan.operations)
    return {identifier[:8] for pair in pairs for identifier in pair}


def test_a_plan_links_its_opportunities_to_lever_and_not_where_the_account_is_emulated(
    decided: AccountWorkspace,
) -> None:
    step = decided.migration("plan")
    first = step.plan.operations[0]
    shown = step.plan.html(PersonDisplay.at("api.lever.co"))
    assert f'href="https://hire.lever.co/candidates/{first.opportunity}"' in shown
    for text in (shown, step.show(step.plan), step.plan._repr_html_()):
        assert first.contact not in text
        assert ("lever.co" in text) == (text is shown)
    assert not (decided.folder / "snapshot" / SALT).exists()


def test_an_anonymised_plan_leads_to_nobody(decided: AccountWorkspace) -> None:
    step = decided.migration("plan")
    shown = step.show(step.plan, anonymise=True)
    assert "<a " not in shown
    assert [start for start in ids(step) if start in shown] == []
    assert shown == step.show(step.plan, anonymise=True)


def test_what_was_found_different_leads_to_nobody_either() -> None:
    pair = PairCheck("+", "contact-1", "opportunity-1", "vip")
    count = Count("vip", 3, 4, others=(Change("opportunity-2", 1),))
    found = Verification(run="run", plan_id="0" * 64, checked=(pair,), same=0, counts=(count,))
    evidence = "refused: POST /opportunities/opportunity-1/addTags: 400: no."
    ended = OperationResult(Operation("contact-1", "opportunity-1", "add", "vip", ""), "failed", evidence)
    text = found.html(SALTED) + _result(ended).html(SALTED)
    assert [
        word for word in ("contact-", "opportunity-", "<a ") if word in text.replace("data-label", "")
    ] == []
    assert "opportunity-2" in found._repr_html_()


def _result(ended: OperationResult) -> Result:
    facts = {"run": "run", "plan_id": "0" * 64, "kind": "migrate", "account": "a", "state": "finished"}
    return Result(**facts, results=(ended,), read_to_write_ms={})  # type: ignore[arg-type]


def test_before_and_after_is_what_lever_counts_once_verified(decided: AccountWorkspace) -> None:
    planned = decided.migration("plan")
    assert isinstance(planned.arrived(), Message)
    decided.migration("apply", planned.plan.short).carry_out()
    drawn = decided.migration("verify").arrived()
    assert isinstance(drawn, Chart)
    tags = planned.plan.counts["tags"]
    assert drawn.alt.startswith(f"Lever counts {tags} of {tags} tags as planned")


def test_each_mode_begins_with_its_verdict_and_says_nothing_of_the_others(decided: AccountWorkspace) -> None:
    planned = decided.migration("plan")
    size = planned.plan.counts
    report = StepReport(planned, planned.carry_out(), planned.verify())
    assert _words(report.verdict) == (
        f"Planned: {size['operations']} taggings to add to {size['opportunities']} opportunities "
        f"of {size['contacts']} people"
    )
    assert "Nothing was written" not in report.figures + report.details()

    applied = decided.migration("apply", planned.plan.short)
    report = StepReport(applied, applied.carry_out(), applied.verify())
    number = size["operations"]
    assert _words(report.verdict) == f"Done: {number} of {number} changes in place"
    assert isinstance(report.picture, Chart)
    assert report.picture.alt.startswith(f"{number} changes to ")

    verified = decided.migration("verify")
    report = StepReport(verified, verified.carry_out(), verified.verify())
    assert _words(report.verdict) == f"Verified: {number} of {number} changes in place"
    assert f"<dd>{number}</dd><dt>changes in place</dt>" in report.figures


def _words(text: str) -> str:
    return re.sub("<[^>]+>", "", text)
