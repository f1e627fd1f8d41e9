"""What a write probe may ask for, and the opportunity that it writes to."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar

from leverkit.doctor.contract.exchange import NO_PARAMS, Ask, Exchange, Row
from leverkit.doctor.contract.outcome import Outcome
from leverkit.doctor.contract.sample import OPPORTUNITIES, slim

T = TypeVar("T")
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

    @property
    def _by(self) -> Mapping[str, str]:
        return {"perform_as": self.performer} if self.performer else {}


def tags_of(exchange: Exchange) -> list[str]:
    """Return the tags in an answer to a write, or to a read of one opportunity."""
    found = exchange.data.get("tags") if isinstance(exchange.data, dict) else None
    return [tag for tag in found if isinstance(tag, str)] if isinstance(found, list) else []


def cleaned(subject: Subject) -> Steps[None]:
    """Remove every tag that the opportunity did not have, in small requests where large ones are refused."""
    found = yield subject.read(include=["tags"])
    size, extra = AT_ONCE, _extra(subject, tags_of(found))
    while extra:
        done = yield subject.remove(*extra[:size])
        left = _extra(subject, tags_of(done)) if done.ok else extra
        if left == extra and size == 1:
            return
        size, extra = (1, extra) if left == extra else (size, left)


def _extra(subject: Subject, tags: Sequence[str]) -> list[str]:
    return [tag for tag in tags if tag not in subject.tags]


def siblings(subject: Subject) -> Ask:
    """Return the request for all opportunities of its contact."""
    return slim(limit=100, contact_id=subject.before["contact"])._replace(after=subject.list_lag)
