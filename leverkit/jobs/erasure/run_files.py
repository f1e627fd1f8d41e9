"""Write the folder of a run again with other ids: its plan, its journal and their hashes still agree.

The plan gets another id, and the journal another chain, whose first entry names the end of the old one. The
order of operations follows from their ids, so their numbers in the journal change too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from leverkit.jobs.erasure.substitutions import Substitutions
from leverkit.migration.journal import Body, Intent, Opened, Outcome, Undone, write_anew
from leverkit.migration.records import RESULT, spans
from leverkit.migration.run import Run
from leverkit.planning.run_folder import INBOX, JOURNAL, holds_only_a_run
from leverkit.storage import files

_MADE = ("plan.csv", "plan.json", "before.json", "holders.json", "skipped.csv", "lock", JOURNAL)


def mentions(run: Run, substitutions: Substitutions) -> bool:
    """Return True if a file of a run, or an entry of its journal, holds any of the ids and hashes."""
    contents = (files.read(path) for path in run.folder.rglob("*") if path.is_file())
    bodies = (msgspec.json.encode(entry.body) for entry in run.entries)
    return any(map(substitutions.occur_in, contents)) or any(map(substitutions.occur_in, bodies))


def holds_more(run: Run) -> bool:
    """Return True if a person has put into a run's folder what would be lost when it is replaced.

    Files beside a plan that was begun are written again with it; folders and links are not.
    """
    if not run.entries:
        return not holds_only_a_run(run.folder)
    return any(path.is_dir() or path.is_symlink() for path in run.folder.iterdir())


def inboxes(runs: Iterable[Path], substitutions: Substitutions) -> Iterator[str]:
    """Yield a note on each receiver, of those that made these runs, whose accepted events hold any id."""
    for inbox in sorted({run.parent.parent / INBOX for run in runs}):
        parts = (inbox, inbox.with_name(f"{INBOX}-wal"))
        if any(substitutions.occur_in(files.read(part)) for part in parts if part.exists()):
            yield f"{inbox}: events name them; a receiver deletes its events two days after they ended"


def write_again(run: Run, draft: Path, substitutions: Substitutions) -> str:
    """Write a run into a new folder with ids replaced, and put its own hashes in place of the old.

    Return the new plan id.
    """
    operations = [substitutions.applied(operation) for operation in run.plan.operations]
    order = sorted(range(len(operations)), key=operations.__getitem__)
    numbers = {old: new for new, old in enumerate(order)}
    ordered = tuple(operations[old] for old in order)
    plan = msgspec.structs.replace(substitutions.applied(run.plan), operations=ordered)
    substitutions.put(run.plan.plan_id, plan.plan_id)
    plan.write(draft)
    if run.entries:
        bodies = [
            (entry.at_ms, _body(substitutions.applied(entry.body), numbers, run)) for entry in run.entries
        ]
        chains = write_anew(draft / JOURNAL, bodies)
        for entry, chain in zip(run.entries, chains, strict=True):
            substitutions.put(entry.chain, chain)
    _write_others(run.folder, draft, substitutions, numbers)
    Run.open(draft)
    return plan.plan_id


def _body(body: Body, numbers: Mapping[int, int], run: Run) -> Body:
    """Return a body with the new numbers of operations."""
    match body:
        case Intent(ops=ops) | Undone(ops=ops):
            return msgspec.structs.replace(body, ops=tuple(numbers[op] for op in ops))
        case Outcome(op=op):
            return msgspec.structs.replace(body, op=numbers[op])
        case Opened():
            return msgspec.structs.replace(body, replaces=run.head)
        case _:
            return body


def _write_others(
    folder: Path, draft: Path, substitutions: Substitutions, numbers: Mapping[int, int]
) -> None:
    """Write what lies in a run folder beside plan and journal."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()):
        if path.name.startswith(_MADE) and path.parent == folder:
            continue
        content = substitutions.replaced(files.read(path))
        if path == folder / RESULT:
            content = _result(content, numbers)
        files.write_atomic(draft / path.relative_to(folder), content, mode=files.mode_of(path))


def _result(content: bytes, numbers: Mapping[int, int]) -> bytes:
    """Return result.json with the new numbers of the operations that changed the account."""
    document = msgspec.json.decode(content)
    ours = (op for first, last in document.get("effective") or () for op in range(first, last + 1))
    if document.get("effective") is not None:
        document["effective"] = spans(sorted(numbers[op] for op in ours))
    return files.json_text(document)
