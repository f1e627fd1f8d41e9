"""What a contract check found, for people and for machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from leverkit.doctor.contract.outcome import Outcome, Verdict, not_tried
from leverkit.doctor.contract.questions import Question, questions
from leverkit.report.html import Html, Section, facts, page, paragraph, table
from leverkit.report.masthead import Masthead
from leverkit.report.text import count, figures

VERDICTS: tuple[Verdict, ...] = ("refuted", "confirmed", "not tried")
FIRST = (
    "updated_filter_nulls",
    "listing_order",
    "range_ends",
    "contact_ids",
    "max_contact_ids",
    "tag_counts",
)  # what leverkit itself relies on most
OPTIONS = {"write": "ask with --write-probes", "throttle": "ask with --provoke-429"}
COLUMNS = ("assumption", "found", "shown by")
SHOWN = 80  # characters of a request on the page: the recording has it whole


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A question of the table with what the account says to it, and the requests that show it.

    `exchanges` are their numbers in the recording.
    """

    section: str
    question: str
    how: str
    verdict: Verdict
    found: str
    switches: dict[str, Any]
    exchanges: tuple[int, ...]
    shown: tuple[str, ...]


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """What an account confirms, refutes or leaves open; `at` is ISO 8601, UTC."""

    account: str
    host: str
    at: str
    requests: int
    median_ms: float
    switches: dict[str, Any]
    answers: list[Answer]

    def of(self, verdict: Verdict) -> list[Answer]:
        """Return the answers with a verdict."""
        return [answer for answer in self.answers if answer.verdict == verdict]

    @property
    def counts(self) -> dict[str, int]:
        """Return how many questions have which verdict."""
        found = Counter(answer.verdict for answer in self.answers)
        return {verdict: found[verdict] for verdict in VERDICTS}

    @property
    def headline(self) -> str:
        """Return the finding in a sentence."""
        refuted, confirmed, not_tried = self.counts.values()
        some = f"{refuted:,}" if refuted else "None"
        are = "are" if refuted > 1 else "is"
        every = count(len(self.answers), "assumption")
        return (
            f"{some} of {every} about Lever {are} refuted: {confirmed:,} confirmed, {not_tried:,} not tried"
        )

    @property
    def summary(self) -> str:
        """Return the result in a sentence."""
        told = ", ".join(f"{number} {verdict}" for verdict, number in self.counts.items())
        return f"{len(self.answers)} assumptions about Lever: {told}; {count(self.requests, 'request')}"


def answers(outcomes: Iterable[Outcome], lines: Mapping[int, str]) -> list[Answer]:
    """Return the table of questions with the outcomes; `lines` are the requests by their number."""
    by_key = {outcome.key: outcome for outcome in outcomes}
    return [_answer(question, by_key.get(question.key), lines) for question in questions()]


def _answer(question: Question, outcome: Outcome | None, lines: Mapping[int, str]) -> Answer:
    found = outcome or not_tried(question.key, OPTIONS.get(question.how) or question.note)
    return Answer(
        section=question.section,
        question=question.question,
        how=question.how,
        verdict=found.verdict,
        found=found.found,
        switches=found.switches,
        exchanges=found.exchanges,
        shown=tuple(lines[number] for number in found.exchanges if number in lines),
    )


def to_json(contract: Contract) -> bytes:
    """Return the report as a JSON document, with the numbers of each verdict."""
    return msgspec.json.format(
        msgspec.json.encode({"counts": contract.counts, **msgspec.to_builtins(contract)})
    )


def to_text(contract: Contract) -> str:
    """Return the report for a terminal: what is refuted, and what matters most to leverkit."""
    keys = {question.question: question.key for question in questions()}
    first = [each for each in contract.answers if each.section == "10.0" and keys[each.question] in FIRST]
    lines = [_line(answer) for answer in contract.of("refuted")] or ["nothing is refuted"]
    return "\n".join([*lines, "", "of most weight here:", *map(_line, first), "", contract.summary])


def _line(answer: Answer) -> str:
    return f"{answer.verdict:<9}  {answer.section:<6} {answer.question}: {answer.found}"


def to_html(contract: Contract) -> str:
    """Return the report as a page for people."""
    asked = figures((contract.requests, "request"))
    cards = facts(contract.counts | asked | {"ms per request, median": round(contract.median_ms)})
    sections = [
        Section("In numbers", [cards]),
        Section("What this account does otherwise", _rows(contract, "refuted", "Nothing is refuted.")),
        Section("What it confirms", _rows(contract, "confirmed", "Nothing is confirmed.")),
        Section("What was not tried, and why", _rows(contract, "not tried", "Everything was tried.")),
    ]
    lead = (
        "These are assumptions that Lever's documentation does not settle. "
        "leverkit emulator --config contract.json starts an emulator that behaves as this account did."
    )
    head = Masthead(contract.account, host=contract.host, as_of=contract.at[:16].replace("T", " "))
    return page(
        contract.headline, sections, lead=lead, masthead=head.html, footer="leverkit doctor --contract"
    )


def _rows(contract: Contract, verdict: Verdict, none: str) -> list[str | Html]:
    import pandas as pd

    found = contract.of(verdict)
    shown = ("\n".join(map(_shortened, each.shown[:2])) for each in found)
    rows = [(each.question, each.found, line) for each, line in zip(found, shown, strict=True)]
    if not rows:
        return [paragraph(none)]
    columns = COLUMNS if verdict != "not tried" else COLUMNS[:2]
    return [table(pd.DataFrame([row[: len(columns)] for row in rows], columns=list(columns)), limit=200)]


def _shortened(line: str) -> str:
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"
