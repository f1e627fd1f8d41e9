"""Every figure on the pages of policy, plan, run, verification, readiness and changes is counted anew.

The counts are made by plain Python from what the emulated account holds: no SQL, and nothing of ours.
"""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any

import pytest
from support.notebook_accounts import environment

from leverkit.analysis.audit import audit
from leverkit.emulator import running
from leverkit.jobs.changes import changes
from leverkit.notebook.step_report import StepReport
from leverkit.notebook.workspace import desk
from leverkit.report.text import noun

Pair = tuple[str, str]  # opportunity, tag
State = dict[str, Any]
SPLIT = 3  # tags that people split


@dataclass(frozen=True)
class Steps:
    """The account at each step, and what the page of the step says."""

    states: dict[str, State]
    pages: dict[str, str]
    scopes: dict[str, str]
    requests: dict[str, int]

    def held(self, step: str) -> dict[str, dict[str, set[str]]]:
        """Return the tags of each opportunity, by person, at a step."""
        state, people = self.states[step], defaultdict[str, dict[str, set[str]]](dict)
        for opportunity, contact in state["contacts"].items():
            people[contact][opportunity] = set(state["opportunities"][opportunity])
        return people

    def gaps(self, step: str, *scopes: str) -> set[Pair]:
        """Return the gaps of tags with these scopes at a step."""
        found = set[Pair]()
        for own in self.held(step).values():
            every = {tag for tag in set().union(*own.values()) if self.scopes.get(tag) in scopes}
            found |= {(opportunity, tag) for opportunity, tags in own.items() for tag in every - tags}
        return found

    def people(self, step: str, pairs: set[Pair]) -> int:
        """Return how many people the opportunities of these pairs belong to."""
        return len({self.states[step]["contacts"][opportunity] for opportunity, _ in pairs})

    def cards(self, step: str) -> dict[str, float]:
        """Return the large figures of a page, by what they count."""
        found = re.findall(r"<dd>(.*?)</dd><dt>(.*?)</dt>", self.pages[step])
        return {unescape(name): float(value.replace(",", "")) for value, name in found}

    def text(self, step: str) -> str:
        return " ".join(unescape(re.sub("<[^>]*>", " ", self.pages[step])).split())


def rows(markup: str) -> list[list[str]]:
    """Return the cells of the tables in a text, row by row, without their heads."""
    found = (re.findall("<td.*?</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", markup, re.DOTALL))
    return [[unescape(re.sub("<[^>]*>", "", cell)) for cell in row] for row in found if row]


def shown(*parts: Any) -> str:
    """Return what a notebook shows, as markup; of a chart its words."""
    return " ".join(getattr(part, "alt", "") or str(part) for part in parts)


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Steps]:
    home = tmp_path_factory.mktemp("figures")
    states, pages, requests = dict[str, State](), dict[str, str](), dict[str, int]()
    with running(contacts=150, seed=11, rate=None, story=True) as account:
        place = {"LEVER_API_KEY": account.api_key, "LEVER_BASE_URL": account.base_url}
        with environment(place | {"LEVERKIT_WORKSPACE": str(home)}), (found := desk(rate=1000.0)).lever:
            facts = audit(found.pull())
            found.suggest(facts)
            person = sorted(tag for tag, scope in account.truth.items() if scope == "contact")
            left = {person[0]: "undecided"}
            policy = found.policy.decide(account.truth | left, by="a test").write(found.policy_file)
            states["decided"] = account.state()
            old = shutil.copytree(found.snapshot_folder, home / "old")
            pages["policy"] = shown(policy._repr_html_())
            pages["readiness"] = facts.readiness(policy).headline + str(facts.readiness(policy).figures)
            approve = ""
            for mode in ("plan", "apply", "verify"):
                step = found.migration(mode, approve)
                approve = step.plan.short
                account.clear_log()
                report = StepReport(step, step.carry_out(), step.verify())
                requests[mode] = len(account.log())
                states[mode] = account.state()
                parts = (report.verdict, report.figures, report.picture, report.details())
                pages[mode] = shown(*parts)
            found.pull()
            states["read"] = account.state()
            _work(account, sorted({operation.tag for operation in step.plan.operations}))
            states["later"] = account.state()
            found.pull()
            for name, begin in (("changes", None), ("all changes", old)):
                page = changes(found.snapshot_folder, begin).to_html(home / "changes.html")
                pages[name] = page.read_text(encoding="utf-8")
            yield Steps(states, pages, policy.scopes, requests)


def _work(account: Any, person: list[str]) -> None:
    """Do what people do: split a tag, take one off a person, and a new candidacy."""
    state = account.state()
    whose = defaultdict[str, list[str]](list)
    for opportunity, contact in state["contacts"].items():
        whose[contact].append(opportunity)
    several = sorted(own for own in whose.values() if len(own) > 1)
    held = state["opportunities"]
    for own in several[:SPLIT]:
        account.add_tags(own[0], [next(tag for tag in person if not any(tag in held[o] for o in own))])
    bearer = next(own for own in several[SPLIT:] if set(person) & set(held[own[0]]))
    account.remove_tags(bearer[0], [sorted(set(person) & set(held[bearer[0]]))[0]])
    account.create(state["contacts"][several[-1][0]])


def test_the_policy_page_counts_gaps_and_people_by_tag(steps: Steps) -> None:
    table = {row[0]: (int(row[3]), int(row[4])) for row in rows(steps.pages["policy"])}
    every = steps.gaps("decided", *set(steps.scopes.values()))
    assert len(table) > 10
    for tag, figures in table.items():
        own = {pair for pair in every if pair[1] == tag}
        assert figures == (len(own), steps.people("decided", own)), tag
    scopes = list(steps.scopes.values())
    counts = [scopes.count(scope) for scope in ("contact", "opportunity", "ignore")]
    waiting = {tag for _, tag in steps.gaps("decided", "undecided")}
    words = "{} tags: {} contact, {} opportunity, {} ignore, {} undecided"
    assert words.format(len(scopes), *counts, len(waiting)) in steps.text("policy")


def test_the_readiness_counts_gaps(steps: Steps) -> None:
    copy, decide = (steps.gaps("decided", scope) for scope in ("contact", "undecided"))
    assert f"{len(decide):,} gap" in steps.pages["readiness"]
    assert f"to decide, {len(copy):,} to copy" in steps.pages["readiness"]


def test_the_plan_page_counts_changes_opportunities_people_and_tags(steps: Steps) -> None:
    pairs = steps.gaps("decided", "contact")
    opportunities = len({opportunity for opportunity, _ in pairs})
    people, tags = steps.people("decided", pairs), len({tag for _, tag in pairs})
    verdict = f"Planned: {len(pairs)} taggings to add to {opportunities} opportunities of {people} people"
    assert verdict in steps.text("plan")
    assert f"{len(pairs)} changes to {tags} tags of {people} people" in steps.text("plan")
    waiting = {tag for _, tag in steps.gaps("decided", "undecided")}
    cards = steps.cards("plan")
    undecided = cards.get(noun(len(waiting), "tag left undecided", "tags left undecided"), 0)
    assert (cards["tags"], undecided) == (tags, len(waiting))
    assert not any("left out" in name for name in cards)  # there are none
    assert 0 <= steps.requests["apply"] - cards["requests"] <= 4  # to recognise the account
    assert f": {len(pairs)} changes, by contact" in steps.text("plan")


def test_the_run_page_counts_what_the_account_got(steps: Steps) -> None:
    before, after = (steps.states[step]["opportunities"] for step in ("plan", "apply"))
    got = {(o, tag) for o, tags in after.items() for tag in set(tags) - set(before[o])}
    assert got == steps.gaps("decided", "contact")
    assert f"Done: {len(got)} of {len(got)} changes in place" in steps.text("apply")
    assert steps.cards("apply") == {"changes done": len(got)}


def test_the_verification_page_counts_changes_and_the_tags_of_the_account(steps: Steps) -> None:
    pairs = steps.gaps("decided", "contact")
    tags = {tag for _, tag in pairs}
    assert f"Verified: {len(pairs)} of {len(pairs)} changes in place" in steps.text("verify")
    touched = {steps.states["apply"]["contacts"][opportunity] for opportunity, _ in pairs}
    own = [each for contact, each in steps.held("apply").items() if contact in touched]
    others = sum(len(tags) for each in own for tags in each.values()) - len(pairs)
    cards = steps.cards("verify")
    assert cards["changes in place"] == len(pairs)
    assert cards[f"of {len(tags)} tag counts as predicted"] == len(tags)
    assert cards["other taggings, unchanged"] == others
    table = steps.pages["verify"].split("own tag counts</caption>")[1]
    counted = {row[0]: (int(row[1]), int(row[2])) for row in rows(table)}
    held = [tag for tags in steps.states["apply"]["opportunities"].values() for tag in tags]
    assert counted == {tag: (held.count(tag), held.count(tag)) for tag in tags}


@pytest.mark.parametrize(("page", "begin"), [("changes", "read"), ("all changes", "decided")])
def test_the_changes_page_counts_what_came_and_went(steps: Steps, page: str, begin: str) -> None:
    before, after = (steps.states[step]["opportunities"] for step in (begin, "later"))
    more = sum(len(set(tags) - set(before.get(o, ()))) for o, tags in after.items())
    fewer = sum(len(set(tags) - set(after.get(o, ()))) for o, tags in before.items())
    cards = steps.cards(page)
    assert cards[noun(more, "tagging added", "taggings added")] == more
    assert cards[noun(fewer, "tagging gone", "taggings gone")] == fewer
    assert cards["new opportunity"] == len(after) - len(before) == 1
    ours = steps.gaps("decided", "contact") if begin == "decided" else ()
    assert cards["of them by leverkit"] == len(ours)
    (new,) = set(after) - set(before)
    whose = steps.states["later"]["contacts"]
    siblings = [set(after[o]) for o in after if whose[o] == whose[new] and o != new]
    copied = {tag for _, tag in steps.gaps("decided", "contact")}
    split = SPLIT + len((set().union(*siblings) & copied) - set(after[new]))
    assert cards[noun(split, "split")] == split
