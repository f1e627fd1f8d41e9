"""What happens to the tags of a posting when they are removed, and by archiving (sections 10.7 and 10.12)."""

from __future__ import annotations

from leverkit.doctor.contract.exchange import Ask, Exchange
from leverkit.doctor.contract.outcome import Outcome, judged, not_tried
from leverkit.doctor.contract.writing.step import Steps, Subject, WriteProbing, cleaned, tags_of

OF_ARCHIVE = ("archiving_drops_posting_tags", "archived_tagged", "archive_times", "archive_keeps_stage")


def _posting_tag(subject: Subject) -> Steps[str]:
    """Return the last tag of the opportunity that its posting has too; empty where there is none."""
    shown = yield Ask(subject.path, {"include": ["id", "applications"], "expand": "applications"})
    posting = next((each.get("posting") for each in shown.data.get("applications") or []), None)
    if not posting:
        return ""
    found = (yield Ask(f"/postings/{posting}")).data
    categories = (found.get("categories") or {}).values()
    derived = {found.get("text"), *(each for each in categories if isinstance(each, str))}
    return next((tag for tag in reversed(subject.tags) if tag in derived), "")


def removal(subject: Subject) -> WriteProbing:
    """Remove a tag of the posting, look whether it is gone, and add it again."""
    tag = yield from _posting_tag(subject)
    if not tag:
        return [not_tried("posting_tag_removal", "the test opportunity has no tag of a posting")]
    removed = yield subject.remove(tag)
    later = yield subject.read(include=["tags"])
    if tag not in tags_of(later):
        yield subject.add(tag)
    if not removed.ok:
        return [not_tried("posting_tag_removal", removed.told)]
    kind = "ignored" if tag in tags_of(removed) else "comes back" if tag in tags_of(later) else "removed"
    switches = {} if kind == "removed" else {"posting_tag_removal": kind}
    return [judged("posting_tag_removal", kind == "removed", kind, **switches)]


def archive(subject: Subject) -> WriteProbing:
    """Archive the opportunity, tag it, and take it out again; one that is archived is only tagged."""
    if subject.before["archived"] is not None:
        return (yield from _only_tagged(subject))
    reasons = yield Ask("/archive_reasons", {"type": "non-hired"})
    reason = next((row["id"] for row in reasons.rows if row.get("status") == "active"), None)
    posting = yield from _posting_tag(subject)
    before = yield subject.read()
    if reason is None:
        return [not_tried(key, "there is no reason to archive with") for key in OF_ARCHIVE]
    archived = yield subject.archive(reason)
    tagged = yield subject.add(subject.tag("archived"))
    back = yield subject.archive(None)
    yield from cleaned(subject)
    if not (archived.ok and back.ok):
        return [not_tried(key, archived.told) for key in OF_ARCHIVE]
    return [_dropped(posting, archived), *_state(subject, before, archived, tagged)]


def _only_tagged(subject: Subject) -> WriteProbing:
    tagged = yield subject.add(subject.tag("archived"))
    yield from cleaned(subject)
    others = [not_tried(key, "it is archived already") for key in OF_ARCHIVE if key != "archived_tagged"]
    return [judged("archived_tagged", tagged.ok, f"answered with {tagged.status}"), *others]


def _dropped(posting: str, archived: Exchange) -> Outcome:
    key = "archiving_drops_posting_tags"
    if not posting:
        return not_tried(key, "the test opportunity has no tag of a posting")
    dropped = posting not in tags_of(archived)
    told = f"the posting's tag {'is gone' if dropped else 'stays'}"
    return judged(key, not dropped, told, **({key: True} if dropped else {}))


def _state(subject: Subject, before: Exchange, archived: Exchange, tagged: Exchange) -> list[Outcome]:
    advanced = archived.data["lastAdvancedAt"] > before.data["lastAdvancedAt"]
    stays = archived.data["stage"] == before.data["stage"]
    has = tagged.ok and subject.tag("archived") in tags_of(tagged)
    return [
        judged("archived_tagged", has, f"answered with {tagged.status}"),
        judged("archive_times", advanced, f"lastAdvancedAt {'was' if advanced else 'was not'} set"),
        judged("archive_keeps_stage", stays, f"the stage {'stays' if stays else 'changes'}"),
    ]
