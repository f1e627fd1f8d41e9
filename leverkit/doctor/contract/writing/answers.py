"""What tag writes answer and do (sections 1.4, 3.3, 10.1 to 10.6)."""

from __future__ import annotations

from uuid import UUID

from leverkit.doctor.contract.exchange import Exchange, Row
from leverkit.doctor.contract.outcome import Outcome, confirmed, judged, not_tried, refuted
from leverkit.doctor.contract.writing.step import (
    Steps,
    Subject,
    Write,
    WriteProbing,
    cleaned,
    siblings,
    tags_of,
)
from leverkit.report.text import count

CONTACT = ("name", "headline", "location", "phones", "emails", "links")
OF_PERFORMER = ("perform_as", "unknown_perform_as", "perform_as_in_body", "perform_as_query")
NOBODY = str(UUID(int=7, version=4))  # an id that no user has


def performer(subject: Subject) -> WriteProbing:
    """Write in nobody's name, in the user's, in that of an unknown one, and with the user in the body."""
    tag = subject.tag("who")
    alone = yield Write("addTags", {"tags": [tag]})
    required = alone.status == 400 and "perform_as" in alone.message
    if not (alone.ok or required):
        return [not_tried(key, alone.told) for key in OF_PERFORMER]
    unknown = yield Write("addTags", {"tags": [tag]}, {"perform_as": NOBODY})
    in_body = yield from _in_body(subject, tag, required=required, ignored=unknown.ok)
    named = yield subject.add(tag)
    yield from cleaned(subject)
    query = judged("perform_as_query", named.ok, f"answered with {named.status}")
    if not subject.performer:
        query = not_tried("perform_as_query", "LEVER_PERFORM_AS is not set")
    switches = {"perform_as": "required"} if required else {}
    alone_found = judged("perform_as", not required, f"without it: {alone.status}", **switches)
    return [alone_found, _unknown(unknown), in_body, query]


def _unknown(unknown: Exchange) -> Outcome:
    status = unknown.status
    switch = {200: "ignore", 403: 403, 404: 404}.get(status or 0)
    switches = {"unknown_perform_as": switch} if switch else {}
    return judged("unknown_perform_as", status == 400, f"answered with {status}", **switches)


def _in_body(subject: Subject, tag: str, *, required: bool, ignored: bool) -> Steps[Outcome]:
    """Judge by a user in the body: the right one where one is required, else one who would be refused."""
    key, user = "perform_as_in_body", subject.performer if required else NOBODY
    if not user:
        return not_tried(key, "set LEVER_PERFORM_AS: this account needs a user")
    if not required and ignored:
        return not_tried(key, "an unknown user is ignored, so that the body makes no difference")
    sent = yield Write("addTags", {"tags": [tag], "perform_as": user})
    counts = sent.ok is required
    switches = {"perform_as_in_body": True} if counts else {}
    return judged(key, not counts, f"answered with {sent.status}", **switches)


def additions(subject: Subject) -> WriteProbing:
    """Add two tags, one of them again, and remove one that is not there."""
    before = yield subject.read()
    one, other = subject.tag("b"), subject.tag("a")
    added = yield subject.add(one, other)
    if not added.ok or not before.ok:
        return []
    again = yield subject.add(one)
    absent = yield subject.remove(subject.tag("never"))
    extra = yield subject.add(one, leverkit_unknown="1")
    found = [
        judged("tag_answer", added.status == 200 and one in tags_of(added), f"answered with {added.status}"),
        judged("tags_appended", tags_of(added) == [*tags_of(before), one, other], "two in one request"),
        _times(before.data, added.data),
        _blank(before.data, added.data),
        _repeated(added, again),
        _absent(absent, again),
        _parameter(extra),
    ]
    yield from cleaned(subject)
    return found


def _times(before: Row, after: Row) -> Outcome:
    bumped = after["updatedAt"] > (before["updatedAt"] or 0)
    still = all(before[name] == after[name] for name in ("lastInteractionAt", "lastAdvancedAt"))
    told = (
        f"updatedAt {'was' if bumped else 'was not'} set, the other times {'stayed' if still else 'changed'}"
    )
    return judged("tag_times", bumped and still, told)


def _blank(before: Row, after: Row) -> Outcome:
    filled = [name for name in CONTACT if before.get(name)]
    if not filled:
        return not_tried("blank_contact_fields", "the contact of the test opportunity has no data")
    shown = sum(bool(after.get(name)) for name in filled)
    switches = {"blank_contact_fields": False} if shown else {}
    return judged(
        "blank_contact_fields", not shown, f"{shown} of {len(filled)} fields are filled", **switches
    )


def _repeated(added: Exchange, again: Exchange) -> Outcome:
    key, bumped = "repeated_add_bumps", again.data.get("updatedAt") != added.data.get("updatedAt")
    if tags_of(again) != tags_of(added):
        return refuted(key, "the tags changed")
    return judged(key, not bumped, f"updatedAt {'changed' if bumped else 'stayed'}", **_on(key, bumped))


def _on(key: str, on: bool) -> dict[str, bool]:
    return {key: True} if on else {}


def _absent(absent: Exchange, before: Exchange) -> Outcome:
    if absent.ok:
        return judged("absent_tag", tags_of(absent) == tags_of(before), "nothing happened")
    return refuted("absent_tag", f"answered with {absent.status}", absent_tag="error")


def _parameter(extra: Exchange) -> Outcome:
    switches = {} if extra.ok else {"unknown_parameters": 400}
    return judged("write_unknown_parameter", extra.ok, f"answered with {extra.status}", **switches)


def candidates(subject: Subject) -> WriteProbing:
    """Add a tag through the deprecated path, and look at the other opportunities of the contact."""
    tag = subject.tag("old")
    added = yield Write("addTags", *subject.add(tag)[1:3], root="/candidates")
    if added.status == 404:
        return [not_tried("candidate_tag", "the deprecated path is not there")]
    page = yield siblings(subject)
    others = [row for row in page.rows if row["id"] != subject.id]
    reached = sum(tag in row["tags"] for row in others)
    yield from cleaned(subject)
    if not others:
        return [not_tried("candidate_tag", "the contact has no other opportunity")]
    return [
        judged(
            "candidate_tag",
            added.ok and not reached,
            f"it reached {reached} of {count(len(others), 'other')}",
        )
    ]


def hostile(subject: Subject) -> WriteProbing:
    """Add a tag with signs that break what splits or quotes."""
    tag = f"{subject.marker}, & 'x': 12:30 <\u2705>"
    added = yield subject.add(tag)
    yield from cleaned(subject)
    if not added.ok:
        return [not_tried("hostile_kept", added.told)]
    kept = tag in tags_of(added)
    return [confirmed("hostile_kept", "kept") if kept else refuted("hostile_kept", "kept in another form")]
