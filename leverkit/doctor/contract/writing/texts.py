"""What may be sent as tags, and in which form it is kept (sections 10.8 to 10.10)."""

from __future__ import annotations

from typing import Any
from unicodedata import normalize

from leverkit.doctor.contract.exchange import Exchange
from leverkit.doctor.contract.outcome import Outcome, confirmed, judged, not_tried, refuted
from leverkit.doctor.contract.writing.step import Steps, Subject, WriteProbing, cleaned, tags_of

LONG = 1000  # characters
MANY = 60  # tags


def shapes(subject: Subject) -> WriteProbing:
    """Send no tag, an empty one, and one twice."""
    tag = subject.tag("twice")
    none, empty, twice = (yield subject.add()), (yield subject.add("")), (yield subject.add(tag, tag))
    yield from cleaned(subject)
    return [
        _refused_if("empty_tags", none, usual=False),
        _refused_if("empty_tag", empty, usual=True),
        _refused_if("repeated_tag", twice, usual=False),
    ]


def _refused_if(key: str, exchange: Exchange, *, usual: bool) -> Outcome:
    if exchange.status not in (200, 400):
        return not_tried(key, exchange.told)
    refused = not exchange.ok
    switches = {} if refused is usual else {key: "error" if refused else "ignore"}
    return judged(key, refused is usual, f"answered with {exchange.status}", **switches)


def normalisation(subject: Subject) -> WriteProbing:
    """Add tags with blanks at the ends, with a combining accent, and in two cases."""
    blanks, accent, small = f" {subject.tag('x')} ", subject.tag("e\u0301"), subject.tag("low")
    trimmed = yield subject.add(blanks)
    composed = yield subject.add(accent)
    yield subject.add(small)
    folded = yield subject.add(small.upper())
    yield from cleaned(subject)
    if not (trimmed.ok and composed.ok and folded.ok):
        return [not_tried("tag_normalisation", folded.told)]
    changes = {
        "trim": blanks not in tags_of(trimmed) and blanks.strip() in tags_of(trimmed),
        "nfc": accent not in tags_of(composed) and normalize("NFC", accent) in tags_of(composed),
        "fold": small.upper() not in tags_of(folded),
    }
    kinds = [kind for kind, changed in changes.items() if changed]
    if not kinds:
        return [confirmed("tag_normalisation", "three texts were kept as sent")]
    return [refuted("tag_normalisation", f"changed: {', '.join(kinds)}", tag_normalisation=kinds[0])]


def length(subject: Subject) -> WriteProbing:
    """Add a long tag; where it is refused, find the longest that is taken."""
    key, text = "max_tag_length", subject.tag("long").ljust(LONG, "x")
    sent = yield subject.add(text)
    kept = [len(tag) for tag in tags_of(sent) if text.startswith(tag) and tag not in subject.tags]
    if sent.ok and kept == [LONG]:
        yield from cleaned(subject)
        return [confirmed(key, f"{LONG:,} characters are kept")]
    limit = max(kept, default=0) if sent.ok else (yield from _longest(subject, text))
    yield from cleaned(subject)
    if not limit:
        return [not_tried(key, sent.told)]
    return [refuted(key, f"at most {limit:,} characters", max_tag_length=limit), _over(key, cut=sent.ok)]


def _longest(subject: Subject, text: str) -> Steps[int]:
    low, high = 0, LONG
    while high - low > 1:
        middle = (low + high) // 2
        sent = yield subject.add(text[:middle])
        low, high = (middle, high) if sent.ok else (low, middle)
    return low


def _over(key: str, *, cut: bool) -> Outcome:
    if cut:
        return refuted("over_limit", f"{key}: the rest is cut off", over_limit="truncate")
    return confirmed("over_limit", f"{key}: more is refused")


def number(subject: Subject) -> WriteProbing:
    """Add many tags at once; where not all are taken, tell a limit of a call from one of the opportunity."""
    tags = [subject.tag(f"{place:02}") for place in range(MANY)]
    sent = yield subject.add(*tags)
    taken = len(set(tags) & set(tags_of(sent)))
    yield from cleaned(subject)
    if sent.ok and taken == MANY:
        told = f"{MANY} in one request"
        return [
            confirmed("max_tags_per_call", told),
            confirmed("max_tags", f"{MANY + len(subject.tags)} in all"),
        ]
    if not sent.ok:
        taken = yield from _most(subject, tags)
    if not taken:
        return [not_tried(key, sent.told) for key in ("max_tags_per_call", "max_tags")]
    of_call = yield from _is_limit_of_call(subject, tags, taken, cut=sent.ok)
    yield from cleaned(subject)
    return _limits(subject, taken, of_call=of_call, cut=sent.ok)


def _limits(subject: Subject, taken: int, *, of_call: bool, cut: bool) -> list[Outcome]:
    key, other = ("max_tags_per_call", "max_tags") if of_call else ("max_tags", "max_tags_per_call")
    most = taken if of_call else taken + len(subject.tags)
    limit: dict[str, Any] = {key: most}
    return [
        refuted(key, f"at most {most}", **limit),
        not_tried(other, f"the other limit ({most}) comes first"),
        _over(key, cut=cut),
    ]


def _most(subject: Subject, tags: list[str]) -> Steps[int]:
    """Return how many tags one request may add to the opportunity as it was."""
    low, high = 0, len(tags)
    while high - low > 1:
        middle = (low + high) // 2
        sent = yield subject.add(*tags[:middle])
        low, high = (middle, high) if sent.ok else (low, middle)
        if sent.ok:
            yield from cleaned(subject)
    return low


def _is_limit_of_call(subject: Subject, tags: list[str], taken: int, *, cut: bool) -> Steps[bool]:
    """Return True if as many can be added where one tag more is there already."""
    yield subject.add(subject.tag("first"))
    sent = yield subject.add(*(tags if cut else tags[:taken]))
    return sent.ok and len(set(tags) & set(tags_of(sent))) == taken
