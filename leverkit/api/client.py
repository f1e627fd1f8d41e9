"""Ask Lever: pages that carry their cursor, and the dozen endpoints that we use.

`ReadOnlyLever` has no method that can write; `Lever` adds the two tag writes. Both may be
shared by threads, which then share one pace.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from leverkit.api.auth import Secret, checked_url
from leverkit.api.http import Wire
from leverkit.api.models import ArchiveReason, Opportunity, TagCount, User, fields, listing, single
from leverkit.api.pagination import Page
from leverkit.api.rate_limit import Pace
from leverkit.errors import AccessDenied, ApiError, Unreachable, UsageError

T = TypeVar("T")
Again = Callable[[bool], bool] | None

FIELDS = fields(Opportunity)

CONTACTS_A_REQUEST = 100  # ids repeated in one URL: about 5 kB; Lever documents no limit


class ReadOnlyLever:
    """A Lever account, to be read. Give it a `Pace` that all users of the key share."""

    def __init__(
        self,
        *,
        base_url: str,
        key: Secret | str,
        pace: Pace,
        scheme: str = "basic",
        perform_as: str | None = None,
        retries: int = 6,
        timeout: float = 30.0,
        transport: Any = None,
        **clocks: Any,
    ) -> None:
        """Open the account; `clocks` may hold `waits`, and `clock`, `sleep` and `random` for tests."""
        self.base_url = checked_url(base_url)
        self._wire = Wire(
            self.base_url,
            key if isinstance(key, Secret) else Secret(key),
            scheme=scheme,
            pace=pace,
            retries=retries,
            timeout=timeout,
            transport=transport,
            **clocks,
        )
        self.pace = pace
        self._perform_as = perform_as
        self._confidential: bool | None = None
        self._account = ""
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.base_url}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    @property
    def host(self) -> str:
        """Host of the base URL."""
        return urlsplit(self.base_url).hostname or ""

    def get(self, path: str, *, type: type[T], **params: Any) -> T:
        """Read one object. Lists repeat the parameter; None leaves it out.

        Raises AccessDenied, ApiError (404: it is gone), Unreachable.
        """
        return self._wire.call("GET", path, type=single(type), params=_given(params)).data

    def page(
        self, path: str, *, type: type[T], offset: str | None = None, turn_taken: bool = False, **params: Any
    ) -> Page[T]:
        """Read one page of a listing, from `offset`, which is passed back exactly as Lever gave it.

        Lever answers 400 "Invalid offset token" to an offset of another listing; then start without.
        `turn_taken`: the caller has waited at `pace` already. Raises ApiError, Unreachable.
        """
        asked = _given({**params, "offset": offset})
        found = self._wire.call("GET", path, type=listing(type), params=asked, turn_taken=turn_taken)
        following = None if found.has_next is False else found.next or None
        if (found.has_next and not following) or (following is not None and following == offset):
            raise ApiError(
                "the listing does not go on: Lever announces a next page and gives no new offset.",
                method="GET",
                path=path,
                status=200,
                advice="Run the same again; if it stays, report it to Lever.",
            )
        return Page(found.data, following)

    def pages(
        self, path: str, *, type: type[T], offset: str | None = None, **params: Any
    ) -> Iterator[Page[T]]:
        """Read page after page, from `offset`; each page carries the cursor to resume behind it."""
        while True:
            page = self.page(path, type=type, offset=offset, **params)
            yield page
            if page.next is None:
                return
            offset = page.next

    def opportunities(self, **filters: Any) -> Iterator[Opportunity]:
        """Read opportunities one by one; without `confidentiality`, all that the key may see."""
        for page in self.pages("/opportunities", type=Opportunity, **self.slim(**filters)):
            yield from page.items

    def opportunity(self, opportunity: str) -> Opportunity:
        """Read one opportunity by its id; raises ApiError (404: it is gone), AccessDenied, Unreachable."""
        return self.get(_at(opportunity), type=Opportunity, include=FIELDS)

    def find_opportunity(self, opportunity: str) -> Opportunity | None:
        """Read one opportunity by its id; None where it is gone, or hidden from this key.

        403, said twice, is taken for confidential by now: a key without any right fails at the listing.
        """
        try:
            return _insist(lambda: self.opportunity(opportunity))
        except ApiError as error:
            if error.status not in (403, 404, 410):
                raise
            return None

    def opportunities_of(self, contacts: Sequence[str], **params: Any) -> list[Opportunity]:
        """Read all opportunities of these contacts, archived ones included, in one request if they fit."""
        found: dict[str, Opportunity] = {}  # the listing may move between two pages, and repeat one
        for start in range(0, len(contacts), CONTACTS_A_REQUEST):
            some = list(contacts[start : start + CONTACTS_A_REQUEST])
            found |= {record.id: record for record in self.opportunities(contact_id=some, **params)}
        return list(found.values())

    def slim(self, **params: Any) -> dict[str, Any]:
        """Add what keeps personal data at Lever: only our fields, and confidential ones where allowed."""
        if "confidentiality" not in params and self.sees_confidential():
            params["confidentiality"] = "all"
        return {"limit": 100, "include": FIELDS, **params}

    def now(self) -> int:
        """Return the time by Lever's clock, as its latest answer gave it, in ms since the epoch."""
        return int((time.time() + self._wire.ahead) * 1000)

    @property
    def ahead_ms(self) -> int:
        """Ms by which Lever's clock is ahead of ours at most, as it tells whole seconds; 0 while untold."""
        return int((self._wire.ahead + 1) * 1000) if self._wire.ahead else 0

    def tag_counts(self) -> dict[str, int]:
        """Read every tag with the number of opportunities, archived ones too, that carry it."""
        pages = self.pages("/tags", type=TagCount)
        return {tag.text: tag.count for page in pages for tag in page.items}

    def user_with(self, email: str) -> User | None:
        """Return the active user who has an e-mail; None where there is none. Raises as `page`."""
        users = self.page("/users", type=User, email=email).items
        return next((user for user in users if (user.email or "").casefold() == email.casefold()), None)

    def account_id(self) -> str:
        """Recognise the account by its archive reasons, whose ids no other account has: 12 hex digits."""
        if not self._account:
            pages = self.pages("/archive_reasons", type=ArchiveReason)
            ids = sorted(reason.id for page in pages for reason in page.items)
            self._account = hashlib.sha256("\n".join(ids).encode()).hexdigest()[:12]
        return self._account

    def sees_confidential(self) -> bool:
        """Say whether the key may read confidential ones; finds out once (403 and 404 both mean no)."""
        if self._confidential is None:
            first: dict[str, Any] = {"confidentiality": "all", "limit": 1, "include": "id"}
            try:
                _insist(lambda: self.page("/opportunities", type=msgspec.Raw, **first))
                self._confidential = True
            except ApiError as error:
                if error.status not in (403, 404):
                    raise
                self._confidential = False
        return self._confidential


class Lever(ReadOnlyLever):
    """A Lever account, to be read and tagged. Tags are a set: adding or removing twice is harmless."""

    def add_tags(
        self, opportunity: str, tags: Sequence[str], *, again: Again = None, turn_taken: bool = False
    ) -> Opportunity | None:
        """Add tags to one opportunity and return it as it is now; None where Lever's yes does not show it.

        `again` says, before a request is repeated, whether it may be, as the opportunity may have changed; it
        is told whether an earlier attempt may have had its effect (any but those refused with 429).
        `turn_taken`: the caller has waited at `pace` already.
        Raises ApiError (404: it is gone), AccessDenied, Unreachable (the outcome is unknown).
        """
        return self._write(opportunity, "addTags", tags, again, turn_taken)

    def remove_tags(
        self, opportunity: str, tags: Sequence[str], *, again: Again = None, turn_taken: bool = False
    ) -> Opportunity | None:
        """Remove tags from one opportunity; returns and raises as `add_tags`."""
        return self._write(opportunity, "removeTags", tags, again, turn_taken)

    def _write(
        self, opportunity: str, verb: str, tags: Sequence[str], again: Again, turn_taken: bool
    ) -> Opportunity | None:
        try:
            return self._wire.call(
                "POST",
                f"{_at(opportunity)}/{verb}",
                type=single(Opportunity),
                params=_given({"perform_as": self._performer()}),
                body={"tags": list(tags)},
                turn_taken=turn_taken,
                again=again,
            ).data
        except Unreachable as error:
            if error.status is None or error.status >= 300:
                raise
            return None  # Lever said yes, and nothing more: what it did is for the reader to see

    def _performer(self) -> str | None:
        """Return the user id to act as; an e-mail is looked up once."""
        with self._lock:
            if self._perform_as and "@" in self._perform_as:
                self._perform_as = self._user(self._perform_as)
            return self._perform_as

    def _user(self, email: str) -> str:
        try:
            found = self.user_with(email)
        except AccessDenied as error:
            if error.status == 401:
                raise
            text = "LEVER_PERFORM_AS is an e-mail and the key may not read users: name the user's id instead"
            raise UsageError(text) from None
        if found is None:
            raise UsageError("LEVER_PERFORM_AS names an e-mail that no active user of this account has")
        return found.id


def _at(opportunity: str) -> str:
    return f"/opportunities/{quote(opportunity, safe='')}"


def _given(params: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value is not None}


def _insist(ask: Callable[[], T]) -> T:
    """Ask again after a first 403, and return the answer: what is refused once by mistake is not hidden."""
    try:
        return ask()
    except AccessDenied as error:
        if error.status != 403:
            raise
        return ask()
