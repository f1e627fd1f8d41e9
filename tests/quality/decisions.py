"""How many decisions a person makes until 95 % of the gaps of an account are decided.

One decision is one act: a tag, a family whose tags are of one kind, or one `accept` of all that is sure. The
question that is asked next is the one about most gaps in doubt. What was decided moves the suggestions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from leverkit.analysis.audit import Audit
from leverkit.policy.suggestion import Suggestion

SURE = 0.9
ENOUGH = 0.95
AGAIN = 3  # decisions after which the suggestions are made again
Suggest = Callable[[Mapping[str, str]], Mapping[str, Suggestion]]


def decisions(facts: Audit, families: Mapping[str, str], truth: Mapping[str, str], suggest: Suggest) -> int:
    """Return the number of decisions; `suggest` returns suggestions after decisions (tag to scope)."""
    tags = facts.tags[(facts.tags["missing"] > 0) & ~facts.tags["posting_tag"]]
    gaps = {str(tag): int(missing) for tag, missing in zip(tags["tag"], tags["missing"], strict=True)}
    questions = _questions(gaps, families, truth)
    decided: dict[str, str] = {}
    acts, accepted, suggestions = 0, set[str](), suggest({})
    while sum(gaps[tag] for tag in {*decided, *accepted}) < ENOUGH * sum(gaps.values()):
        sure = {tag for tag in gaps if (suggestions[tag].confidence or 0) >= SURE} - accepted - decided.keys()
        open_gaps = {tag: gaps[tag] for tag in gaps if tag not in accepted and tag not in decided}
        question = max(questions, key=lambda tags: _at_stake(tags, open_gaps, suggestions))
        acts += 1
        if sum(gaps[tag] for tag in sure) > sum(open_gaps.get(tag, 0) for tag in question):
            accepted |= sure
            continue
        decided |= {tag: _scope(truth[tag]) for tag in question if tag in open_gaps}
        questions.remove(question)
        if acts % AGAIN == 0:
            suggestions = suggest(decided)
    return acts


def _questions(
    gaps: Mapping[str, int], kin: Mapping[str, str], truth: Mapping[str, str]
) -> list[tuple[str, ...]]:
    """Return the tags that one decision can decide: those of a family, if they are of one kind."""
    members: dict[str, list[str]] = {}
    for tag in gaps:
        members.setdefault(kin.get(tag, f"alone {tag}"), []).append(tag)
    whole = [tuple(tags) for tags in members.values() if len({_scope(truth[tag]) for tag in tags}) == 1]
    alone = {tag for tags in members.values() for tag in tags} - {tag for tags in whole for tag in tags}
    return whole + [(tag,) for tag in sorted(alone)]


def _at_stake(tags: tuple[str, ...], gaps: Mapping[str, int], suggestions: Mapping[str, Suggestion]) -> float:
    return sum(gaps.get(tag, 0) * (1.01 - (suggestions[tag].confidence or 0.5)) for tag in tags)


def _scope(truth: str) -> str:
    return "contact" if truth == "contact" else "opportunity"
