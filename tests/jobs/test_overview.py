"""One page says how an account stands, what was done, and what comes next, by counts that are made anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.notebook_accounts import decide_rightly

from leverkit.emulator import Running
from leverkit.errors import UsageError
from leverkit.jobs.overview import Overview
from leverkit.notebook.workspace import desk


def test_the_page_says_how_the_account_stands_what_was_done_and_what_is_next(lever_account: Running) -> None:
    found = desk(rate=1000.0)
    with found.lever:
        found.pull()
        assert any(step.startswith("Decide ") for step in Overview.at(found.folder).next_steps)
        decide_rightly(found, lever_account.truth)
        planned = found.migration("plan")
        gaps = len(planned.plan.operations)
        (apply, *_) = Overview.at(found.folder).next_steps
        assert f"leverkit apply {planned.run} --approve {planned.plan.short}" in apply
        found.migration("apply", planned.plan.short).carry_out()
        found.migration("verify", planned.plan.short).verify()
        unread = Overview.at(found.folder)
        assert unread.next_steps == [f"Read the account again: leverkit pull -o {unread.snapshot}"]
        assert f"leverkit made {gaps} changes after this reading" in page_of(unread)
        found.migration("plan").carry_out()  # a session that has nothing to do
    overview = Overview.at(found.folder)
    page = page_of(overview)
    again, run = overview.runs.to_dict("records")
    people = len({operation.contact for operation in planned.plan.operations})
    assert (run["Changes"], run["In place"], run["People"], run["Verified"]) == (gaps, gaps, people, "yes")
    assert (again["State"], again["Changes"], str(again["Last change"])) == ("nothing planned", 0, "NaT")
    assert overview.next_steps == ["Nothing: no gap is to decide or to copy."]
    state = lever_account.state()
    tags = overview.audit.tags
    own = set(tags.loc[~tags["posting_tag"], "tag"])
    contact = {tag for tag in own if lever_account.truth.get(tag) == "contact"}
    assert _gaps(state, contact) == 0
    assert overview.headline.startswith(f"{_gaps(state, own):,} gaps on ")
    assert overview.headline in page
    assert "2 plans so far" in page
    assert "DEMO, invented people on this computer" in page


def page_of(overview: Overview) -> str:
    return overview.to_html(overview.folder / "overview.html").read_text(encoding="utf-8")


def _gaps(state: dict[str, dict[str, object]], tags: set[str]) -> int:
    """Return the pairs of these tags and an opportunity that lacks one of a sibling."""
    people: dict[object, list[set[str]]] = {}
    for opportunity, contact in state["contacts"].items():
        people.setdefault(contact, []).append(set(state["opportunities"][opportunity]) & tags)  # type: ignore[call-overload]
    return sum(len(set().union(*own) - each) for own in people.values() for each in own)


def test_a_folder_without_a_snapshot_or_with_two_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds 0 snapshots"):
        Overview.at(tmp_path)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "snapshot.json").write_text("{}")
    with pytest.raises(UsageError, match="holds 2 snapshots"):
        Overview.at(tmp_path)
