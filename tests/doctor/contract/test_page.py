"""The page of a contract check names the account and the time, and counts as its rows do."""

from __future__ import annotations

import pytest

from leverkit.doctor.contract.outcome import confirmed, refuted
from leverkit.doctor.contract.questions import questions
from leverkit.doctor.contract.report import Contract, answers, to_html


@pytest.mark.parametrize(
    ("wrong", "words"), [(0, "None of {} about Lever is"), (2, "2 of {} about Lever are")]
)
def test_the_title_counts_the_rows_and_the_line_below_says_which_account_it_was(
    wrong: int, words: str
) -> None:
    every = [question.key for question in questions()]
    keys = [key for key in dict.fromkeys(every) if every.count(key) == 1]
    outcomes = [refuted(key, "otherwise") for key in keys[:wrong]]
    outcomes += [confirmed(key, "just so") for key in keys[wrong : wrong + 3]]
    about = {"account": "acme", "host": "127.0.0.1", "at": "2026-11-27T18:09:44+00:00"}
    found = Contract(**about, requests=7, median_ms=7.6, switches={}, answers=answers(outcomes, {}))
    page = to_html(found)
    told = f"{words.format(f'{len(every)} assumptions')} refuted: 3 confirmed"
    assert f"<h1>{told}, {len(every) - wrong - 3} not tried</h1>" in page
    assert "DEMO, invented people on this computer. Account acme, as of 2026-11-27 18:09 UTC" in page
    assert (page.count(">otherwise<"), page.count(">just so<")) == (wrong, 3)
