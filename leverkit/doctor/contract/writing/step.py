"""What a write probe may ask for, and the opportunity that it writes to."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar

from leverkit.doctor.contract.contract import MARKER
from leverkit.doctor.contract.exchange import NO_PARAMS, Ask, Exchange, Row
from leverkit.doctor.contract.outcome import Outcome
from leverkit.doctor.contract.sample import OPPORTUNITIES, slim

T = TypeVar("T")
SHORTEST = 4  # characters of a tag that may still be one of ours, cut off
AT_ONCE = 20  # tags that are removed in one request


class Write(NamedTuple):
    """A write to the test opportunity, below `root`."""

    verb: Literal["addTags", "removeTags", "archived"]
    body: Mapping[str, Any]
    params: Mapping[str, Any] = NO_PARAMS
    root: str = OPPORTUNITIES


Step: TypeAlias = Ask | Write
Steps = Generator[Step, Exchange, T]
WriteProbing = Steps[list[Outcome]]


@dataclass(frozen=True)
class Subject:
    """The test opportunity as it was, the user to act as, and the text with which our tags begin.

    `lag` is the seconds after which a read by id shows what was written, `list_lag` those of lists.
    """

    id: str
    before: Row
    performer: str | None
    marker: str
    lag: float = 0.0
    list_lag: float = 0.0

    @property
    def tags(self) -> list[str]:
        """Return the tags that the opportunity had."""
        return list(self.before["tags"])

    @property
    def path(self) -> str:
        """Return its path."""
        return f"{OPPORTUNITIES}/{self.id}"

    def tag(self, name: str) -> str:
        """Return a tag of ours."""
        return f"{self.marker}-{name}"

    def add(self, *tags: object, **params: Any) -> Write:
        """Return the request that adds tags, in the user's name."""
        return Write("addTags", {"tags": list(tags)}, {**self._by, **params})

    def remove(self, *tags: object) -> Write:
        """Return the request that removes tags."""
        return Write("removeTags", {"tags": list(tags)}, self._by)

    def archive(self, reason: str | None) -> Write:
        """Return the request that archives, or takes out of the archive with None."""
        return Write("archived", {"reason": reason}, self._by)

    def read(self, **params: Any) -> Ask:
        """Return the request that reads it, when a read shows what was written."""
        return Ask(self.path, params, after=self.lag)

    def ours(self, tags: Sequence[str]) -> list[str]:
        """Return those of some tags that we added, in whatever form they are kept; other people's stay."""
        return [tag for tag in tags if tag not in self.tags and (is_marked(tag) or self._is_cut(tag))]

    def _is_cut(self, tag: str) -> bool:
        text = tag.strip().casefold()
        return not text or (len(text) > SHORTEST and self.marker.startswith(text))

    @property
    def _by(self) -> Mapping[str, str]:
        return {"perform_as": self.performer} if self.performer else {}


def is_marked(tag: str) -> bool:
    """Return True for a tag of a contract check, also of an earlier one, whose marker ended otherwise."""
    return tag.strip().casefold().startswith(MARKER)


def tags_of(exchange: Exchange) -> list[str]:
    """Return the tags in an answer to a write, or to a read of one opportunity."""
    found = exchange.data.get("tags") if isinstance(exchange.data, dict) else None
    return [tag for tag in found if isinstance(tag, str)] if isinstance(found, list) else []


def cleaned(subject: Subject) -> Steps[None]:
    """Remove the tags that are ours, in small requests where large ones are refused."""
    found = yield subject.read(include=["tags"])
    size, extra = AT_ONCE, subject.ours(tags_of(found))
    while extra:
        done = yield subject.remove(*extra[:size])
        left = subject.ours(tags_of(done)) if done.ok else extra
        if left == extra and size == 1:
            return
        size, extra = (1, extra) if left == extra else (size, left)


def siblings(subject: Subject) -> Ask:
    """Return the request for all opportunities of its contact."""
    return slim(limit=100, contact_id=subject.before["contact"])._replace(after=subject.list_lag)
