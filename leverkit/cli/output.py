"""What commands print: messages for people on stderr, results for people or machines on stdout."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from unicodedata import category

from leverkit.errors import UsageError
from leverkit.report.text import count, plain

if TYPE_CHECKING:
    from leverkit.planning.operation import Operation
    from leverkit.planning.plan import Plan
    from leverkit.snapshot.snapshot import Snapshot

_INVISIBLE = re.compile(r"[^\n\t -~]")  # or perhaps so: all but what is surely visible
LINES = 20  # of a list for people; --json or the file has all


def print_message(text: str) -> None:
    """Print a message for a person on stderr."""
    print(_plain(text), file=sys.stderr, flush=True)


def print_result(text: str) -> None:
    """Print a result for a person on stdout."""
    print(_plain(text), flush=True)


def print_diff(text: str) -> None:
    """Print a diff on stdout, with its tabs, so that it can be applied."""
    print("\t".join(map(_plain, text.split("\t"))), end="", flush=True)


def print_json(text: str) -> None:
    """Print a JSON document on stdout; what could steer a terminal is written as JSON escapes."""
    print(_INVISIBLE.sub(_json_escape, text.rstrip()), flush=True)


def print_document(value: object) -> None:
    """Print a value as a JSON document on stdout."""
    import msgspec

    print_json(msgspec.json.encode(value).decode())


def print_file(path: Path) -> None:
    """Print a JSON file that a step wrote on stdout."""
    print_json(path.read_text(encoding="utf-8"))


@contextmanager
def noted(what: str) -> Iterator[None]:
    """Print trouble with a file as a note where what was asked for does not depend on it."""
    try:
        yield
    except (OSError, UsageError) as error:
        print_message(f"note: {what}: {error}")


def print_pulled(snapshot: Snapshot, *, as_json: bool) -> None:
    """Print what a snapshot holds and what it does not, and what comes next."""
    if as_json:
        return print_file(snapshot.path / "snapshot.json")
    print_result("; ".join(filter(None, (snapshot.counted, snapshot.caveat))))
    for gap in snapshot.meta["not_seen"]:
        print_message(f"not seen: {gap}")
    for note in snapshot.notes:
        print_message(f"note: {note}")
    print_message(snapshot.agreement)
    return print_message(f"next: leverkit audit {snapshot.path} --html audit.html")


def print_plan(made: Plan, out: Path, *, as_json: bool) -> None:
    """Print a plan that was written into a run folder, and what comes next."""
    if as_json:
        print_file(out / "plan.json")
    else:
        from leverkit.policy.account_fit import NOTHING

        loud = [warning for warning in made.warnings if NOTHING in warning]
        print_result("\n".join([f"Plan {made.short}: {made.summary}", *loud, *_tags(made)]))
    for warning in made.warnings:
        print_message(f"note: {warning}")
    if made.operations:
        from leverkit.migration.next_step import apply_command, first_wave, tripped_brakes

        part = f"{made.canary.operations:,} of {count(len(made.operations), 'change')}"
        every = f"all {count(made.canary.strata, 'kind')}" if made.canary.strata > 1 else "the one kind"
        canary = f"{part}, with {every} of change in the plan"
        print_message("; ".join(filter(None, (f"canary (--wave canary): {canary}", made.canary.bound))))
        if brake := tripped_brakes(made):
            print_message(f"note: {brake}")
        print_message(f"look at {out / 'plan.csv'}; next: {apply_command(out, made, first_wave(made))}")


def _tags(made: Plan) -> list[str]:
    """Return a small table of what a plan does to each tag, with the largest first."""
    tags: dict[str, list[Operation]] = {}
    for operation in made.operations:
        tags.setdefault(operation.tag, []).append(operation)
    ranked = sorted(tags, key=lambda tag: (-len(tags[tag]), tag))
    lines = [f"{'people':>10}{'added':>8}{'removed':>9}  tag"] if tags else []
    for tag in ranked[:LINES]:
        added = sum(operation.action == "add" for operation in tags[tag])
        people = len({operation.contact for operation in tags[tag]})
        lines.append(f"{people:>10,}{added:>8,}{len(tags[tag]) - added:>9,}  {tag}")
    more = len(tags) - LINES
    return lines + ([f"and {count(more, 'more tag')}: plan.csv has all"] if more > 0 else [])


def _json_escape(found: re.Match[str]) -> str:
    character = found[0]
    return (
        json.dumps(character)[1:-1]
        if category(character)[0] == "C" or character in "\u2028\u2029"
        else character
    )


def _plain(text: str) -> str:
    """Return a text that cannot control a terminal: tags come from strangers."""
    return "\n".join(map(plain, text.split("\n")))
