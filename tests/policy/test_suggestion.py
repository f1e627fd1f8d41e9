"""A suggestion with a high confidence is right; where the data cannot tell, it is undecided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import exp
from pathlib import Path

import pytest
from quality.firm_kinds import KINDS
from quality.firms import write_firm
from quality.offices import Office, write_office
from quality.populations import Population, write_population
from support.snapshot_factory import Posting, Row, write_generated, write_snapshot

from leverkit.analysis.audit import audit
from leverkit.policy.policy import Policy
from leverkit.policy.scope.evidence import evidence_of
from leverkit.policy.scope.weights import fitted
from leverkit.policy.suggestion import DECIDED, FEWEST, Suggestion, suggest


def suggested(folder: Path, rows: list[Row], postings: list[Posting] | None = None) -> dict[str, Suggestion]:
    return suggest(audit(write_snapshot(folder, rows, postings or [])))


def test_too_few_people_leave_it_undecided(tmp_path: Path) -> None:
    rows = [Row("a", ["vip"], "p"), Row("a", ["vip"], "q"), Row("b", ["vip"], "p"), Row("b", ["vip"], "q")]
    suggestion = suggested(tmp_path, rows + [Row(f"c{n}", [], "p") for n in range(50)])["vip"]
    assert (suggestion.scope, suggestion.confidence) == ("undecided", None)
    assert suggestion.reason.startswith("too few to tell: 2 people · ")


def test_agreement_within_one_posting_is_no_evidence_about_the_person(tmp_path: Path) -> None:
    rows = [Row(f"c{n}", ["x"], "p") for n in range(8) for _ in range(3)] + [
        Row(f"d{n}", [], "q") for n in range(90)
    ]
    assert suggested(tmp_path, rows)["x"].scope != "contact"


def test_a_posting_tag_is_suggested_for_the_opportunity_with_its_reason(tmp_path: Path) -> None:
    suggestion = suggested(tmp_path, [Row("a", ["Sales"], "p")], [Posting("p", department="Sales")])["Sales"]
    assert suggestion.scope == "opportunity"
    assert suggestion.confidence is not None
    assert suggestion.confidence >= 0.9
    assert suggestion.reason == "from a posting · posting tag: equals the department 'Sales' of a posting"


def test_another_spelling_of_a_posting_tag_is_no_contact_tag(tmp_path: Path) -> None:
    rows = [Row(f"c{n}", ["fulltime"], f"p{n % 3}") for n in range(9)] + [
        Row(f"c{n}", ["fulltime"], "q") for n in range(9)
    ]
    rows += [Row(f"d{n}", ["Full-time"], "q") for n in range(9)] + [Row(f"e{n}", [], "p1") for n in range(99)]
    suggestion = suggested(tmp_path, rows, [Posting("q", commitment="Full-time")])["fulltime"]
    assert suggestion.scope == "opportunity"
    assert suggestion.reason == "from a posting · spelled like the posting tag 'Full-time'"


def people(tag: str, count: int) -> Iterator[Row]:
    """Yield the opportunities of people who carry a tag on both of theirs, at two postings."""
    for n in range(count):
        yield Row(f"{tag}{n}", [tag], f"p{n % 7}")
        yield Row(f"{tag}{n}", [tag], f"p{n % 7 + 7}")


def test_spellings_of_a_tag_are_weighed_together(tmp_path: Path) -> None:
    crowd = [Row(f"c{n % 150}", [], f"p{n % 14}") for n in range(300)]
    suggestions = suggested(tmp_path, [*people("vip", 2), *people("VIP", 2), *crowd])
    assert suggestions["vip"].scope == suggestions["VIP"].scope == "contact"


@pytest.mark.parametrize(("contacts", "recall"), [(500, 0.15), (2000, 0.3)])
def test_sure_suggestions_are_right_on_generated_accounts(
    tmp_path: Path, contacts: int, recall: float
) -> None:
    sure, persons, covered, taggings = [], 0, 0, 0
    for seed in (1, 2, 3):
        truth = write_generated(tmp_path / str(seed), contacts=contacts, seed=seed)
        for decision in Policy.suggest(audit(tmp_path / str(seed))).decisions:
            used = int(decision.evidence["opportunities"] or 0)
            taggings += used
            persons += truth[decision.tag] == "contact"
            if (decision.confidence or 0.0) >= 0.9:
                sure.append(
                    (decision.suggested_scope, truth[decision.tag], bool(decision.evidence["posting_tag"]))
                )
                covered += used
    assert sum(scope == truth_of_tag for scope, truth_of_tag, _ in sure) / len(sure) >= 0.98
    assert not [row for row in sure if row[0] == "contact" and row[2]]
    assert sum(scope == truth_of_tag == "contact" for scope, truth_of_tag, _ in sure) / persons >= recall
    assert covered / taggings >= 0.8


def test_a_tag_bound_to_a_stage_is_not_surely_about_the_person(tmp_path: Path) -> None:
    rows = [Row(f"c{n}", ["x"], f"p{n % 7 + 7 * turn}", stage="onsite") for n in range(30) for turn in (0, 1)]
    crowd = [Row(f"d{n % 150}", [], f"p{n % 14}") for n in range(300)]
    suggestion = suggested(tmp_path, [*rows, *crowd])["x"]
    assert suggestion.scope == "undecided"
    assert "100% of its opportunities are at 'onsite'" in suggestion.reason


@pytest.mark.parametrize(
    "how",
    [
        Population(known="changed"),
        Population(known="nothing"),
        Population(once=True, single=True),
        Population(alike=0.3),
        Population(staged=True),
        Population(teams=True),
        Population(carriers=0.002, tags=60),
    ],
)
def test_no_tag_of_postings_or_candidacies_is_surely_suggested_for_the_person(
    tmp_path: Path, how: Population
) -> None:
    truth = write_population(tmp_path, how, seed=2000)
    suggestions = suggest(audit(tmp_path))
    sure = {tag: row.scope for tag, row in suggestions.items() if (row.confidence or 0.0) >= 0.9}
    copied = {tag for tag, scope in sure.items() if scope == "contact"}
    assert {truth[tag] for tag in copied} <= {"contact"}


@pytest.mark.parametrize(
    "how",
    [
        Office(),
        Office(renamed=0.6, reorganised=0.4, deleted=0.5, edited=0.5),
        Office(noise=0.03, variants=0.3, affinity=0.9),
        Office(bare=0.9, shared=0.3),
    ],
)
def test_sure_suggestions_are_right_in_offices_and_no_posting_tag_is_a_persons(
    tmp_path: Path, how: Office
) -> None:
    sure = []
    truth = write_office(tmp_path, how, seed=3000)
    for tag, suggestion in suggest(audit(tmp_path)).items():
        assert (truth[tag], suggestion.scope) != ("posting", "contact")
        if (suggestion.confidence or 0.0) >= 0.9:
            sure.append((truth[tag] == "contact") == (suggestion.scope == "contact"))
    assert sum(sure) / len(sure) >= 0.98


@pytest.mark.parametrize("kind", ["campus", "adversarial"])
def test_batches_steps_and_tags_of_deleted_postings_are_not_copied(tmp_path: Path, kind: str) -> None:
    truth = write_firm(tmp_path, replace(KINDS[kind], people=1500), seed=4000)
    found = suggest(audit(tmp_path))
    copied = [tag for tag, row in found.items() if row.scope == "contact" and (row.confidence or 0) >= 0.9]
    assert len(copied) > 5
    assert {truth[tag] for tag in copied} == {"contact"}
    assert "contact" not in {row.scope for tag, row in found.items() if truth[tag] == "posting"}


def test_people_tagged_in_the_same_days_only_are_not_surely_a_persons(tmp_path: Path) -> None:
    days = [(0, True), (3, True), (400, False)]
    rows = [
        Row(f"c{n}", ["Q3 push"] if tagged else [], f"p{n % 7 + day}", day=n * 0.5 + day)
        for n in range(40)
        for day, tagged in days
    ]
    crowd = [Row(f"d{n % 200}", ["x"], f"p{n % 14}", day=n * 4) for n in range(300)]
    suggestion = suggested(tmp_path, [*rows, *crowd])["Q3 push"]
    assert suggestion.scope != "contact"
    assert "80% of its uses fall within" in suggestion.reason


def test_a_decision_moves_the_tags_of_its_family_and_the_reason_says_so(tmp_path: Path) -> None:
    rows = [
        Row(f"c{n}", [f"poll: {'abc'[n % 3]}"] if turn else [], f"p{turn}", day=n * 20 + turn * 200)
        for n in range(30)
        for turn in (0, 1)
    ]
    crowd = [Row(f"d{n}", ["x"], "p1", day=n * 3) for n in range(90)]
    facts = audit(write_snapshot(tmp_path, [*rows, *crowd]))
    before = suggest(facts)["poll: a"]
    after = suggest(facts, decided={"poll: b": "opportunity"})["poll: a"]
    assert before.scope == "undecided"
    assert after.scope == "opportunity"
    assert "1 of them decided" in after.reason


def test_a_sibling_with_another_spelling_of_the_tag_does_not_lack_it(tmp_path: Path) -> None:
    rows = [
        Row(f"c{n}", [("VIP", "vip")[turn]], f"p{n % 7 + 7 * turn}") for n in range(12) for turn in (0, 1)
    ]
    crowd = [Row(f"d{n % 150}", ["x"], f"p{n % 14}") for n in range(300)]
    suggestions = suggested(tmp_path, [*rows, *crowd])
    assert suggestions["VIP"].scope == suggestions["vip"].scope == "contact"
    short, long = suggestions["vip"].reason.split(" · ")
    assert short == "100% of siblings, 7% by chance; 12 people"
    assert long.startswith("behaves as a tag about the person: ")
    assert long.endswith("; weighed together with 'VIP'")


@pytest.mark.parametrize(("contacts", "seed"), [(400, 7), (800, 7)])
def test_one_minimum_holds_for_every_suggestion_and_what_is_undecided_has_no_number(
    tmp_path: Path, contacts: int, seed: int
) -> None:
    write_generated(tmp_path, contacts=contacts, seed=seed)
    facts = audit(tmp_path)
    several = facts.placements[facts.placements["n"] > 1].groupby("tag")["contacts"].sum()
    people = {row.tag: int(several.get(row.preferred, 0)) for row in facts.spellings.itertuples(index=False)}
    for tag, found in suggest(facts).items():
        short = found.reason.split(" · ")[0]
        assert (found.confidence is None) == (found.scope == "undecided")
        assert found.confidence is None or found.confidence >= DECIDED
        if "posting" not in short:
            assert (people[tag] < FEWEST) == short.startswith("too few to tell"), (tag, found)
            assert short.endswith(f" {people[tag]:,} people") or people[tag] < FEWEST


def test_accept_fills_in_what_is_sure_and_signs_it(tmp_path: Path) -> None:
    rows = [Row("a", ["Sales", "x"], "p"), Row("a", [], "q")]
    result = audit(write_snapshot(tmp_path, rows, [Posting("p", department="Sales")]))
    assert set(Policy.suggest(result).scopes.values()) == {"undecided"}
    accepted = {decision.tag: decision for decision in Policy.suggest(result, accept=0.95).decisions}
    assert (accepted["Sales"].scope, accepted["Sales"].decided_by) == ("opportunity", "leverkit suggestion")
    assert accepted["x"].scope == "undecided"


@pytest.mark.parametrize("label", ["notice: ", "notice "])
def test_answers_that_replace_each_other_are_not_surely_copied(tmp_path: Path, label: str) -> None:
    texts = [label + answer for answer in ("none", "short", "long")]
    rows = [
        Row(f"c{n}", [texts[(n + (turn and n % 5 == 0)) % 3]], f"p{turn}", day=n * 9 + 300 * turn)
        for n in range(120)
        for turn in (0, 1)
    ]
    found = suggested(tmp_path, rows + [Row(f"d{n}", ["y"], f"p{n % 9}", day=n * 3) for n in range(400)])
    assert all(found[text].scope != "contact" or found[text].confidence < 0.9 for text in texts)


def both(people: int, again: int) -> list[Row]:
    """Two thirds of some people have a tag on the first opportunity, one in `again` on the second too."""
    first = [Row(f"c{n}", ["x"] if n % 3 else [], f"p{n % 7}", day=n * 9) for n in range(people)]
    later = [(n, ["x"] if n % again == 1 else []) for n in range(people)]
    crowd = [Row(f"d{n}", [], f"p{n % 14}", day=n * 3) for n in range(300)]
    return [*first, *(Row(f"c{n}", tags, f"p{n % 7 + 7}", day=n * 9 + 400) for n, tags in later), *crowd]


@pytest.mark.parametrize(
    ("people", "again", "surer"), [(24, 4, True), (18, 9, True), (10, 9, False), (24, 5, False)]
)
def test_contact_is_surer_than_the_signs_where_siblings_tell_and_not_where_they_hint(
    tmp_path: Path, people: int, again: int, surer: bool
) -> None:
    facts = audit(write_snapshot(tmp_path, both(people, again)))
    known = evidence_of(facts, {})["x"]
    by_signs = 1 / (1 + exp(-fitted().log_odds(known.signs)))
    found = suggest(facts, families={})["x"]
    assert known.agrees(1.0, 1.25) == surer
    assert known.agrees(0.25, 0.25)
    assert found.scope == "contact"
    assert 0.75 < by_signs < 0.99
    assert ((found.confidence or 0) > by_signs + 0.005) == surer


def test_siblings_that_hardly_agree_beyond_chance_leave_a_tag_undecided(tmp_path: Path) -> None:
    facts = audit(write_snapshot(tmp_path, both(18, 11)))
    assert not evidence_of(facts, {})["x"].agrees(0.25, 0.25)
    assert suggest(facts, families={})["x"].scope == "undecided"
