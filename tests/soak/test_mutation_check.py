"""The table of planted bugs is in order, and one of them is caught; `make teeth` plants all."""

from __future__ import annotations

import re

import pytest
from soak.mutation_check import BUGS, ROOT, Bug, caught

SAMPLE = "the sync is off"


def test_there_are_at_least_twenty_and_no_two_alike() -> None:
    assert (
        len(BUGS)
        == len({bug.name for bug in BUGS})
        == len({(bug.module, bug.text, bug.instead) for bug in BUGS})
    )
    assert len(BUGS) >= 20


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_each_can_be_planted_and_has_a_test_of_that_name(bug: Bug) -> None:
    assert (ROOT / bug.file).read_text(encoding="utf-8").count(bug.text) == 1
    assert bug.text != bug.instead
    module, name = bug.node.split("::")
    assert re.search(rf"^def {name}\(", (ROOT / module).read_text(encoding="utf-8"), re.MULTILINE)


def test_a_planted_bug_is_caught() -> None:
    (bug,) = (bug for bug in BUGS if bug.name == SAMPLE)
    assert caught(bug)


@pytest.mark.soak
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_every_planted_bug_is_caught(bug: Bug) -> None:
    assert caught(bug)
