"""The table of questions: every doubt about Lever and every undocumented fact, asked or with a reason."""

from __future__ import annotations

import csv
from pathlib import Path

from support.contract_check import READ_FLIPS, THROTTLE_FLIPS, WRITE_FLIPS

from leverkit.doctor.contract.probes.catalogue import READ
from leverkit.doctor.contract.questions import questions
from leverkit.doctor.contract.report import FIRST
from leverkit.doctor.contract.writing.session import CREATION, DELAYS, OTHERS, WriteProbe
from leverkit.doctor.contract.writing.session import FIRST as FIRST_PROBE
from leverkit.emulator.config import Config

FACTS = Path(__file__).parents[2] / "emulator" / "facts.tsv"
WRITE: tuple[WriteProbe, ...] = (FIRST_PROBE, DELAYS, *OTHERS)


def doubts() -> list[tuple[str, str]]:
    return [(each.section, each.question) for each in questions() if each.section.startswith("10")]


def test_every_fact_that_lever_does_not_document_is_asked_or_has_a_reason() -> None:
    with FACTS.open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
    undocumented = [(row[0], row[2]) for row in rows if "D" not in row[1] and not row[0].startswith("10")]
    own = [
        (each.section, each.question) for each in questions() if (each.section, each.question) not in doubts()
    ]
    assert own == undocumented
    assert len(own) > 100


def test_the_35_doubts_are_there_with_every_switch_of_the_emulator() -> None:
    assert {section for section, _ in doubts()} == {f"10.{number}" for number in range(36)}
    switches = {each.key for each in questions() if each.section.startswith("10.")}
    assert switches == set(Config.__struct_fields__)


def test_what_is_not_asked_says_why() -> None:
    assert {each.how for each in questions()} == {"read", "write", "throttle", "none"}
    assert [each for each in questions() if each.how == "none" and len(each.note.split()) < 4] == []
    not_asked = ("10.20", "10.21", "10.26", "10.28", "10.29", "10.34")
    assert {each.how for each in questions() if each.section in not_asked} == {"none"}


def test_each_question_is_answered_by_a_probe_of_its_kind() -> None:
    by_kind = {how: {each.key for each in questions() if each.how == how} for how in ("read", "write")}
    assert by_kind["read"] == {key for probe in READ for key in probe.keys}
    assert by_kind["write"] - {"over_limit"} == {key for probe in WRITE for key in probe.keys} | {*CREATION}
    assert set(FIRST) <= by_kind["read"]


def test_the_sweep_has_a_position_of_every_switch_that_is_asked_for() -> None:
    switches = set(Config.__struct_fields__)
    flips = {"read": READ_FLIPS, "write": WRITE_FLIPS, "throttle": THROTTLE_FLIPS}
    for how, positions in flips.items():
        asked = {each.key for each in questions() if each.how == how} & switches
        assert {switch for flip in positions for switch in flip} == asked
