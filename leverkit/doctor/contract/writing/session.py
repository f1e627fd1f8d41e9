"""The write probes on one test opportunity: in which order they ask; its tags are put back at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec

from leverkit.doctor.contract.check import carried_out, confirmed_twice, drive
from leverkit.doctor.contract.contract import MARKER, examine_contract
from leverkit.doctor.contract.exchange import Ask, Row
from leverkit.doctor.contract.log import MOST, ExchangeLog, OverBudget
from leverkit.doctor.contract.outcome import Outcome, judged, not_tried
from leverkit.doctor.contract.report import Contract
from leverkit.doctor.contract.sample import OPPORTUNITIES
from leverkit.doctor.contract.writing import answers, delays, postings, texts
from leverkit.doctor.contract.writing.put_back import put_back
from leverkit.doctor.contract.writing.record import FILE, Record, RecordKeeper, unfinished
from leverkit.doctor.contract.writing.step import Steps, Subject, WriteProbing, is_marked
from leverkit.doctor.contract.writing.writer import ProbeWriter
from leverkit.errors import LeverkitError, UsageError
from leverkit.storage.lock import account_lock, hold

LAGS = (0.0, 2.0)  # seconds before the reads of a try to put the tags back
FOR_ACCOUNT = 10  # requests by which the account is recognised
RESERVED = 40  # requests that are kept for putting the tags back


class WriteProbe(NamedTuple):
    """A probe that writes, and the keys of `questions.tsv` that it answers."""

    keys: tuple[str, ...]
    ask: Callable[[Subject], WriteProbing]


OF_ANSWERS = ("tag_answer", "tags_appended", "tag_times", "blank_contact_fields", "repeated_add_bumps")
FIRST = WriteProbe(answers.OF_PERFORMER, answers.performer)
DELAYS = WriteProbe(tuple(delays.WAYS), delays.delays)
OTHERS = (
    WriteProbe((*OF_ANSWERS, "absent_tag", "write_unknown_parameter"), answers.additions),
    WriteProbe(("candidate_tag",), answers.candidates),
    WriteProbe(("hostile_kept",), answers.hostile),
    WriteProbe(("empty_tags", "empty_tag", "repeated_tag"), texts.shapes),
    WriteProbe(("tag_normalisation",), texts.normalisation),
    WriteProbe(("posting_tag_removal",), postings.removal),
    WriteProbe(postings.OF_ARCHIVE, postings.archive),
    WriteProbe(("tag_leaves",), delays.leaving),
    WriteProbe(("max_tag_length",), texts.length),
    WriteProbe(("max_tags_per_call", "max_tags"), texts.number),
)
CREATION = ("created_answer", "created_bump")


@dataclass(frozen=True)
class Target:
    """The opportunity to write to: its id, None where one is to be created.

    `folder` is where its record is kept, `marker` the text with which our tags begin.
    """

    id: str | None
    folder: Path
    marker: str


def write_probes(writer: ProbeWriter, target: Target) -> list[Outcome]:
    """Carry out the write probes, and put the tags back whatever happens.

    Raises UsageError for an opportunity that cannot be read, LeverkitError if the tags could not be put back.
    """
    performer = writer.performer(check=True)
    earlier = _found(writer, unfinished(target.folder, target.id))
    identifier = earlier.opportunity if earlier else target.id
    of_creation = [not_tried(key, "the opportunity was there already") for key in CREATION]
    if identifier is None:
        identifier, of_creation = _created(writer, performer, target.folder)
    before = _as_before(_read(writer, identifier), earlier)
    subject = Subject(identifier, before, performer, target.marker)
    archived = before["archived"] is not None
    record = Record(opportunity=identifier, before=subject.tags, archived=archived, created=not target.id)
    keeper = RecordKeeper(target.folder, earlier or record)
    writer.write_only_to(identifier, keeper.note)
    try:
        return [*of_creation, *_probed(writer, subject)]
    finally:
        _restore(writer, subject, keeper)


def _as_before(row: Row, earlier: Record | None) -> Row:
    """Return the opportunity as it was before any check: an earlier one may have been killed."""
    if earlier is None:
        return {**row, "tags": [tag for tag in row["tags"] if not is_marked(tag)]}
    archived = None if earlier.archived is False else row["archived"]
    return {**row, "tags": earlier.before, "archived": archived}


def _found(writer: ProbeWriter, earlier: Record | None) -> Record | None:
    """Return the record with the opportunity that an earlier check asked for, if Lever made it.

    Raises LeverkitError where that cannot be seen.
    """
    if earlier is None or earlier.opportunity:
        return earlier
    seen = writer.ask(Ask(OPPORTUNITIES, {"email": earlier.email, "include": ["id"]}))
    if not seen.ok:
        raise LeverkitError(f"the test opportunity of {earlier.email} cannot be looked for: {seen.told}")
    return next((msgspec.structs.replace(earlier, opportunity=row["id"]) for row in seen.rows), None)


def _created(writer: ProbeWriter, performer: str | None, folder: Path) -> tuple[str, list[Outcome]]:
    """Create a test opportunity and record it; return its id, and what its creation shows.

    What is asked for is recorded first, so that it can be found if the answer is lost.
    """
    if not performer:
        raise UsageError("creating an opportunity needs LEVER_PERFORM_AS, a user of the account")
    asked = Record(opportunity="", email=f"{MARKER}-{token_hex(8)}@example.com", before=[], created=True)
    asked.save(folder)
    made = writer.create(performer, asked.email)
    if 400 <= (made.status or 0) < 500:
        msgspec.structs.replace(asked, put_back=True).save(folder)
    if made.status != 201 or not made.data.get("id"):
        raise LeverkitError(f"no test opportunity could be created: {made.told}")
    Record(opportunity=made.data["id"], before=[], created=True).save(folder)
    read = _read(writer, made.data["id"])
    plain = "deduped" in made.content and made.data.get("name") and "opportunityLocation" not in made.data
    bumped = (read["updatedAt"] or 0) > (made.data.get("updatedAt") or 0)
    return made.data["id"], [
        judged("created_answer", bool(plain), "201, with the contact and `deduped`"),
        judged("created_bump", bumped, f"updatedAt {'was' if bumped else 'was not'} set once more"),
    ]


def _read(writer: ProbeWriter, opportunity: str) -> Row:
    found = writer.ask(Ask(f"{OPPORTUNITIES}/{quote(opportunity, safe='')}"))
    if not found.ok or found.data.get("id") != opportunity:
        raise UsageError(f"the test opportunity cannot be read: {found.told}")
    row: Row = found.data
    return row


def _probed(writer: ProbeWriter, subject: Subject) -> list[Outcome]:
    hindered = _hindrance(writer, subject)
    found = _run([FIRST], subject, writer)
    if hindered:
        keys = [key for probe in (DELAYS, *OTHERS) for key in probe.keys]
        return [*found, *hindered.outcomes, *(not_tried(key, hindered.why) for key in keys)]
    lags = _run([DELAYS], subject, writer)
    settled = delays.settled(subject, lags)
    found = [*found, *lags, *_run(OTHERS, settled, writer)]
    refuted = {outcome.key for outcome in found if outcome.verdict == "refuted"}
    doubtful = [probe for probe in (FIRST, DELAYS, *OTHERS) if refuted & {*probe.keys}]
    return confirmed_twice(found, _run(doubtful, settled, writer))


def _hindrance(writer: ProbeWriter, subject: Subject) -> delays.Obstacle | None:
    try:
        return drive(delays.obstacle(subject), writer.perform)
    except OverBudget as error:
        return delays.Obstacle(str(error))


def _run(probes: Iterable[WriteProbe], subject: Subject, writer: ProbeWriter) -> list[Outcome]:
    return [
        outcome
        for probe in probes
        for outcome in carried_out(probe.keys, partial(probe.ask, subject), writer.perform, ())
    ]


def _restore(writer: ProbeWriter, subject: Subject, keeper: RecordKeeper) -> None:
    """Put the tags back, and archive an opportunity that the check created. Raises LeverkitError."""
    log, writer.log = writer.log, ExchangeLog(RESERVED)
    tags: list[str] = []
    for lag in LAGS:
        tags = drive(put_back(replace(subject, lag=lag)), writer.perform)
        if tags == subject.tags:
            break
    archived = drive(_archived(subject, created=keeper.record.created), writer.perform)
    done = set(subject.tags) <= set(tags) and not subject.ours(tags) and archived
    writer.log = log
    keeper.change(after=tags, put_back=done)
    if not done:
        raise LeverkitError(
            f"the test opportunity is not as it was: {FILE} has its tags; the same command again"
        )


def _archived(subject: Subject, *, created: bool) -> Steps[bool]:
    """Return True once the opportunity is in the archive, or out of it, as it should be."""
    now = yield subject.read(include=["archived"])
    is_archived, wanted = (
        now.data.get("archived") is not None,
        created or subject.before["archived"] is not None,
    )
    if is_archived is wanted:
        return True
    reasons = yield Ask("/archive_reasons", {"type": "non-hired"})
    reason = next((row["id"] for row in reasons.rows if row.get("status") == "active"), None)
    return (yield subject.archive(reason if wanted else None)).ok


def examine_with_writes(
    parts: Mapping[str, Any], folder: Path, test_opportunity: str | None, *, throttle: bool = False
) -> Contract:
    """Carry out a contract check with write probes, as the only writer of the account on this computer.

    `parts` are those of a client. Raises Locked, UsageError, LeverkitError.
    """
    log = ExchangeLog(MOST - RESERVED - FOR_ACCOUNT)
    target = Target(test_opportunity, folder, f"{MARKER}-{token_hex(2)}")
    with ProbeWriter(log, **parts) as writer, hold(account_lock(writer.account.id), purpose="write probes"):
        return examine_contract(
            writer, folder, throttle=throttle, writes=partial(write_probes, writer, target)
        )
