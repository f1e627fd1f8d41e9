"""The account that newcomers see: believable, harmless, and one whose result is worth copying."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.snapshot_factory import write_generated

from leverkit.analysis.audit import audit
from leverkit.analysis.standing import COPY, TO_DECIDE
from leverkit.emulator.generator.generate import generate
from leverkit.emulator.generator.story import STORY
from leverkit.policy.policy import Policy

PLAIN = re.compile(r"[\w ,.:&+\-]+")


def test_no_tag_and_no_name_is_hostile_in_the_story_and_some_are_in_the_tests_account() -> None:
    hostile = {}
    for story in (True, False):
        account = generate(contacts=300, seed=7, story=story)
        names = {json.loads(row.raw)["name"] for row in account.rows.values()}
        hostile[story] = [text for text in {*account.tags, *names} if text and not PLAIN.fullmatch(text)]
    assert hostile[True] == []
    assert len(hostile[False]) > 5


@pytest.mark.parametrize(("contacts", "seed"), [(800, 7), (400, 7), (300, 1)])
def test_what_is_sure_is_right_and_copies_a_good_part_of_the_gaps(
    tmp_path: Path, contacts: int, seed: int
) -> None:
    truth = write_generated(tmp_path, contacts=contacts, seed=seed, story=True)
    facts = audit(tmp_path)
    policy = Policy.suggest(facts, accept=0.9)
    decided = {tag: scope for tag, scope in policy.scopes.items() if scope != "undecided"}
    assert [tag for tag, scope in decided.items() if truth[tag] != scope] == []
    standing = facts.standing(policy)
    assert standing.gaps(COPY) > standing.gaps() / 5
    assert standing.gaps(*TO_DECIDE) < 0.65 * standing.gaps()


def test_only_one_of_three_integrations_splits_its_tags(tmp_path: Path) -> None:
    write_generated(tmp_path, contacts=800, seed=7, story=True)
    missing = audit(tmp_path).tags.set_index("tag")["missing"]
    assert missing[list(STORY.shared)].tolist() == [0] * len(STORY.shared)
    assert (missing[[*STORY.pools, *STORY.campaigns]] > 0).all()


def test_the_command_serves_the_story_unless_hostile_is_asked_for(tmp_path: Path) -> None:
    truths = []
    for more in ([], ["--hostile"]):
        file = tmp_path / f"{len(truths)}.json"
        command = [sys.executable, "-m", "leverkit.emulator", "--contacts", "40", "--truth", str(file)]
        subprocess.run([*command, "--idle-exit", "0.1", *more], check=True, capture_output=True, timeout=60)
        truths.append(set(json.loads(file.read_text())))
    assert set(STORY.pools) & truths[0]
    assert not set(STORY.pools) & truths[1]
