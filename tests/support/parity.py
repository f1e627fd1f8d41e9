"""docs/parity.md: what the emulator does, what each behaviour rests on, and the test that shows it.

`make parity` writes it from operations.tsv, facts.tsv, the table of questions and the contract runs.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from leverkit.doctor.contract.questions import Question, questions

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "parity.md"
RUNS = ROOT / "docs" / "contract_runs"  # reports of `leverkit doctor --contract`, one JSON file each
EMULATOR = ROOT / "tests" / "emulator"
RESTS_ON = {"D": "documented", "S": "recorded", "I": "inferred", "?": "assumed"}
ASKED = {
    "read": "can be asked",
    "write": "with write probes",
    "throttle": "with `--provoke-429`",
    "none": "no",
}
HEAD = """# Parity: what the emulator does, and what it rests on

Written by `make parity`. A test fails where it is not current, and where an operation, a fact or a switch has
no row.

*Documented*: by Lever. *Recorded*: in real answers of Lever, or relied on by a client that ran against it.
*Inferred*, *assumed*: neither. *Contract run*: what `leverkit doctor --contract` found in an account
([contract.md](contract.md)), or whether it can be asked for.
"""


class Run(NamedTuple):
    """A contract run: where and when, and the verdict on each question."""

    where: str
    verdicts: dict[tuple[str, str], str]


def runs(folder: Path = RUNS) -> list[Run]:
    """Return the contract runs whose reports lie in a folder."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    return [
        Run(
            f"{report['host']}, {report['at'][:10]}",
            {(each["section"], each["question"]): each["verdict"] for each in report["answers"]},
        )
        for report in found
    ]


def page(found: Sequence[Run]) -> str:
    """Return the page."""
    operations, facts = rows_of("operations.tsv"), rows_of("facts.tsv")
    parts = [
        HEAD,
        _summary(operations, facts, found),
        "## Operations\n",
        _table(
            ("operation", "rests on", "test"),
            (
                (f"`{method} {path}`", rests_on(label), f"`{test}`")
                for method, path, label, test in operations
            ),
        ),
        "\n## Behaviours\n",
        _table(
            ("section", "behaviour", "rests on", "contract run", "test, or why there is none"),
            (_fact(row, found) for row in facts),
        ),
    ]
    return "\n".join(parts)


def rows_of(name: str) -> list[list[str]]:
    """Return the rows of a table beside the emulator's tests."""
    with (EMULATOR / name).open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
    return rows


def rests_on(label: str) -> str:
    """Return the words for a label."""
    return ", ".join(RESTS_ON[each] for each in label.split())


def _summary(
    operations: Sequence[Sequence[str]], facts: Sequence[Sequence[str]], found: Sequence[Run]
) -> str:
    told = Counter(rests_on(row[1].split()[0]) for row in facts)
    counts = ", ".join(f"{number} {words}" for words, number in told.most_common())
    asked = "; ".join(run.where for run in found) or "none yet: nobody who built leverkit could reach Lever"
    return (
        f"{len(operations)} operations, {len(facts)} behaviours ({counts}, by what they rest on first).\n"
        f"Contract runs: {asked}. To add one, put its `report.json` into `docs/contract_runs` and run\n"
        "`make parity`.\n"
    )


def _fact(row: Sequence[str], found: Sequence[Run]) -> tuple[str, ...]:
    section, label, fact, shown = row
    tests = "; ".join(f"`{test}`" for test in shown.split()) if not shown.startswith("- ") else shown[2:]
    return section, fact, rests_on(label), _contract(section, fact, found), tests


def _contract(section: str, fact: str, found: Sequence[Run]) -> str:
    """Return what the runs found, or how a behaviour can be asked for."""
    own = [each for each in questions() if _is_about(each, section, fact)]
    told = [
        f"{verdict} ({run.where})"
        for run in found
        for each in own
        if (verdict := run.verdicts.get((each.section, each.question), "not tried")) != "not tried"
    ]
    return "; ".join(dict.fromkeys(told or [ASKED[each.how] for each in own]))


def _is_about(question: Question, section: str, fact: str) -> bool:
    """Return True if a question is about a fact; rows of section 10 name their switches."""
    if not section.startswith("10"):
        return (question.section, question.question) == (section, fact)
    return question.section == section and question.key in fact.replace(",", " ").replace(":", " ").split()


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(each.replace('|', '&#124;') for each in line)} |" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(page(runs()) + "\n", encoding="utf-8")
