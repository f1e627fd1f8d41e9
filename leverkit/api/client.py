"""A client of Lever's API: pages that carry their cursor, and the dozen endpoints that leverkit uses.

`ReadOnlyLever` cannot write; `Lever` adds the two tag writes. Threads may share a client and its pace.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from leverkit.api.account import Account, AccountLabel
from leverkit.api.auth import Secret, checked_url
from leverkit.api.http import HttpSession, MayRetry
from leverkit.api.models import Identified, Opportunity, TagCount, User, fields, listing, single
from leverkit.api.pagination import Page, page_of
from leverkit.api.performer import check_id, id_by_email
from leverkit.api.rate_limit import CONTACTS, PAGE, Pace
from leverkit.api.tags import names, tag_names
from leverkit.errors import AccessDenied, ApiError, Unreachable

T = TypeVar("T")
FIELDS = fields(Opportunity)


class ReadOnlyLever:
    """A Lever account that can be read. All users of its key should share the `pace`."""

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
        label: AccountLabel | None = None,
        **clocks: Any,
    ) -> None:
        """Open the account. `clocks` may hold `waits`, and for tests `clock`, `sleep` and `random`."""
        self.base_url = checked_url(base_url)
        self._session = HttpSession(
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
        self._perform_as, self._performer_known = perform_as, False
        self._confidential: bool | None = None
        self.account = Account(self._ids, self.host, label or AccountLabel())
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.base_url}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    @property
    def host(self) -> str:
        """Host of the base URL."""
        return urlsplit(self.base_url).hostname or ""

    def get(self, path: str, *, type: type[T], **params: Any) -> T:
        """Read one object. A list repeats its parameter; None leaves the parameter out.

        Raises AccessDenied, ApiError (404: it is gone), Unreachable.
        """
        return self._session.call("GET", path, type=single(type), params=_given(params)).data

    def page(
        self, path: str, *, type: type[T], offset: str | None = None, turn_taken: bool = False, **params: Any
    ) -> Page[T]:
        """Read one page of a listing, from `offset`, which is sent exactly as Lever returned it.

        Lever answers 400 "Invalid offset token" to an offset of another listing; then start without one.
        `turn_taken`: the caller has waited at `pace` already. Raises ApiError, Unreachable.
        """
        query = _given({**params, "offset": offset})
        found = self._session.call("GET", path, type=listing(type), params=query, turn_taken=turn_taken)
        return page_of(found, path=path, offset=offset)

    def pages(
        self, path: str, *, type: type[T], offset: str | None = None, **params: Any
    ) -> Iterator[Page[T]]:
        """Read page after page, from `offset`; every page carries the cursor to resume after it."""
        while True:
            page = self.page(path, type=type, offset=offset, **params)
            yield page
            if page.next is None:
                return
            offset = page.next

    def opportunities(self, **filters: Any) -> Iterator[Opportunity]:
        """Yield opportunities; without `confidentiality` among the filters, all that the key may see."""
        for page in self.pages("/opportunities", type=Opportunity, **self.default_params(**filters)):
            yield from page.items

    def opportunity(self, opportunity: str) -> Opportunity:
        """Read one opportunity by its id. Raises ApiError (404: it is gone), AccessDenied, Unreachable."""
        return self.get(_at(opportunity), type=Opportunity, include=FIELDS)

    def find_opportunity(self, opportunity: str) -> Opportunity | None:
        """Read one opportunity by its id; None if it is gone, or hidden from this key.

        Two 403 mean that it is confidential by now: a key without any permission fails at the listing.
        """
        try:
            return _retry_once_on_403(lambda: self.opportunity(opportunity))
        except ApiError as error:
            if error.status not in (403, 404, 410):
                raise
            return None

    def opportunities_of(
        self, contacts: Sequence[str], *, seen: Callable[[int], None] | None = None, **params: Any
    ) -> list[Opportunity]:
        """Read all opportunities of these contacts, archived ones included, in one request if they fit.

        `seen` is called with the number of contacts read so far.
        """
        found: dict[str, Opportunity] = {}  # the listing may move between two pages, and repeat an entry
        contacts = names("contacts", contacts)
        for start in range(0, len(contacts), CONTACTS):
            batch = contacts[start : start + CONTACTS]
            found |= {record.id: record for record in self.opportunities(contact_id=batch, **params)}
            if seen:
                seen(start + len(batch))
        return list(found.values())

    def default_params(self, **params: Any) -> dict[str, Any]:
        """Add what keeps personal data at Lever: only our fields, and confidential ones if allowed."""
        if "confidentiality" not in params and self.sees_confidential():
            params["confidentiality"] = "all"
        return {"limit": PAGE, "include": FIELDS, **params}

    def now(self) -> int:
        """Return the time by Lever's clock, as of its latest response, in milliseconds since epoch."""
        return int((time.time() + self._session.ahead) * 1000)

    @property
    def ahead_ms(self) -> int:
        """Milliseconds by which Lever's clock, which shows whole seconds, is ahead at most; 0 if unknown."""
        return int((self._session.ahead + 1) * 1000) if self._session.ahead else 0

    @property
    def date_ms(self) -> int | None:
        """Lever's clock in its latest response (the end of the second, ms since epoch); None if unknown."""
        return self._session.date_ms

    def tag_counts(self) -> dict[str, int]:
        """Read every tag with the number of opportunities that carry it, archived ones included."""
        pages = self.pages("/tags", type=TagCount)
        return {tag.text: tag.count for page in pages for tag in page.items}

    def user_with(self, email: str) -> User | None:
        """Return the active user with this e-mail; None if there is none. Raises as `page`."""
        users = self.page("/users", type=User, email=email).items
        return next((user for user in users if (user.email or "").casefold() == email.casefold()), None)

    def performer(self, *, check: bool = False) -> str | None:
        """Return the id of the user in whose name tags are written, looked up once; None where none is set.

        `check`: an id is looked up too. Raises UsageError if the account has no such user, ApiError.
        """
        with self._lock:
            if self._perform_as and "@" in self._perform_as:
                self._perform_as = id_by_email(self._perform_as, self.user_with)
            elif self._perform_as and check and not self._performer_known:
                check_id(self._perform_as, self.get)
            self._performer_known = self._performer_known or check
            return self._perform_as

    def account_id(self) -> str:
        """Return 12 hex digits that identify the account, by which it is known here. Raises as `page`."""
        return self.account.id

    def _ids(self, path: str) -> list[str]:
        return [each.id for page in self.pages(path, type=Identified) for each in page.items]

    def sees_confidential(self) -> bool:
        """Return True if the key may read confidential opportunities; 403 and 404 both mean no. Asks once."""
        if self._confidential is None:
            first: dict[str, Any] = {"confidentiality": "all", "limit": 1, "include": "id"}
            try:
                _retry_once_on_403(lambda: self.page("/opportunities", type=msgspec.Raw, **first))
                self._confidential = True
            except ApiError as error:
                if error.status not in (403, 404):
                    raise
                self._confidential = False
        return self._confidential


class Lever(ReadOnlyLever):
    """A Lever account that can be read and tagged. Tags are a set: adding or removing twice is harmless."""

    def add_tags(
        self,
        opportunity: str,
        tags: Sequence[str],
        *,
        may_retry: MayRetry | None = None,
        turn_taken: bool = False,
    ) -> Opportunity | None:
        """Add tags to one opportunity and return it as it is now; None if Lever accepts without showing it.

        `may_retry` is called before each retry, as the opportunity may have changed, with True if an earlier
        attempt may have had its effect (any but those refused with 429). If it returns False, none follows.
        `turn_taken`: the caller has waited at `pace` already.
        Raises ApiError (404: it is gone), AccessDenied, Unreachable (the outcome is unknown).
        """
        return self._write(opportunity, "addTags", tags, may_retry, turn_taken)

    def remove_tags(
        self,
        opportunity: str,
        tags: Sequence[str],
        *,
        may_retry: MayRetry | None = None,
        turn_taken: bool = False,
    ) -> Opportunity | None:
        """Remove tags from one opportunity; returns and raises as `add_tags`."""
        return self._write(opportunity, "removeTags", tags, may_retry, turn_taken)

    def _write(
        self, opportunity: str, verb: str, tags: Sequence[str], may_retry: MayRetry | None, turn_taken: bool
    ) -> Opportunity | None:
        try:
            return self._session.call(
                "POST",
                f"{_at(opportunity)}/{verb}",
                type=single(Opportunity),
                params=_given({"perform_as": self.performer()}),
                body={"tags": tag_names("tags", tags)},
                turn_taken=turn_taken,
                may_retry=may_retry,
            ).data
        except Unreachable as error:
            if error.status is None or error.status >= 300:
                raise
            return None  # accepted, with an unreadable body: the caller has to read the effect


def _at(opportunity: str) -> str:
    return f"/opportunities/{quote(opportunity, safe='')}"


def _given(params: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value is not None}


def _retry_once_on_403(request: Callable[[], T]) -> T:
    """Send a request, and again after a first 403: a single refusal may be Lever's mistake."""
    try:
        return request()
    except AccessDenied as error:
        if error.status != 403:
            raise
        return request()
