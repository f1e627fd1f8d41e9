"""A client of Lever's API: any listing item by item or page by page, and the endpoints that leverkit uses.

`ReadOnlyLever` cannot write; `Lever` adds the two tag writes. Threads may share a client and its pace.
What a call sends is decided in `requests`; `asynchronous` has the same names for an event loop.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

from leverkit.api.account import Account, AccountLabel
from leverkit.api.auth import Secret, checked_url
from leverkit.api.http import HttpSession
from leverkit.api.models import Identified, Opportunity, User
from leverkit.api.rate_limit import Pace
from leverkit.api.requests.exchange import MayRetry
from leverkit.api.requests.items import Items, Plain, T
from leverkit.api.requests.listings import Listings
from leverkit.api.requests.reads import OPPORTUNITIES
from leverkit.api.requests.whoami import Whoami, permissions
from leverkit.api.requests.writes import Verb, write_tags
from leverkit.api.responses import Response


class ReadOnlyLever(Listings):
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
        url, secret = checked_url(base_url), key if isinstance(key, Secret) else Secret(key)
        given = {"scheme": scheme, "pace": pace, "retries": retries, "timeout": timeout, **clocks}
        super().__init__(url, HttpSession(url, secret, transport=transport, **given), perform_as)
        self.account = Account(self._ids, self.host, label or AccountLabel())
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def get(self, path: str, *, type: type[T] = dict, personal: bool = False, **params: Any) -> T:  # type: ignore[assignment]
        """Read one object. A list repeats its parameter; None leaves the parameter out.

        Without `personal`, fields about candidates are dropped from a dict.
        Raises UsageError for a listing, AccessDenied, ApiError (404: it is gone), Unreachable.
        """
        return self._session.run(self._reads.find(path, type, personal, params))

    def with_raw(self, path: str, **params: Any) -> Response:
        """Read anything and return the answer as Lever sent it: `status`, `headers`, `content`, `json()`.

        Nothing is dropped from it, names of people included. Raises as `get`.
        """
        return self._session.run(self._reads.raw(path, params))

    def contact(self, contact: str, *, personal: bool = False) -> Plain:
        """Read one contact by its id; who it is only with `personal`. Raises as `get`."""
        return self._session.run(self._reads.contact(contact, personal))

    def whoami(self) -> Whoami:
        """Return the account of the key and what it may read: one request for each listing."""
        found = self._session.run(permissions(self._reads))
        return Whoami(account=self.account.id, name=self.account.name, host=self.host, **found)

    def opportunities(self, **given: Any) -> Items[Opportunity]:
        """Return opportunities as records; `given` are the parameters of `each`."""
        return self.each(OPPORTUNITIES, **{"type": Opportunity, **given})

    def opportunity(self, opportunity: str) -> Opportunity:
        """Read one opportunity by its id. Raises ApiError (404: it is gone), AccessDenied, Unreachable."""
        return self._session.run(self._reads.opportunity(opportunity))

    def find_opportunity(self, opportunity: str) -> Opportunity | None:
        """Read one opportunity by its id; None if it is gone, or hidden from this key.

        Two 403 mean that it is confidential by now: a key without any permission fails at the listing.
        """
        return self._session.run(self._reads.find_opportunity(opportunity))

    def opportunities_of(
        self, contacts: Sequence[str], *, seen: Callable[[int], None] | None = None, **params: Any
    ) -> list[Opportunity]:
        """Read all opportunities of these contacts, archived ones included, in one request if they fit.

        `seen` is called with the number of contacts read so far.
        """
        return self._session.run(self._reads.opportunities_of(contacts, seen, params))

    def default_params(self, **params: Any) -> dict[str, Any]:
        """Add what keeps personal data at Lever: only our fields, and confidential ones if allowed."""
        return self._session.run(self._reads.default_params(params))

    def tag_counts(self) -> dict[str, int]:
        """Read every tag with the number of opportunities that carry it, archived ones included."""
        return self._session.run(self._reads.tag_counts())

    def user_with(self, email: str) -> User | None:
        """Return the active user with this e-mail; None if there is none. Raises as `page`."""
        return self._session.run(self._reads.user_with(email))

    def performer(self, *, check: bool = False) -> str | None:
        """Return the id of the user in whose name tags are written, looked up once; None where none is set.

        `check`: an id is looked up too. Raises UsageError if the account has no such user, ApiError.
        """
        with self._lock:
            return self._session.run(self._reads.performer(check))

    def account_id(self) -> str:
        """Return 12 hex digits that identify the account, by which it is known here. Raises as `page`."""
        return self.account.id

    def _ids(self, path: str) -> list[str]:
        return [each.id for each in self._session.run(self._reads.all(path, Identified, {}))]

    def sees_confidential(self) -> bool:
        """Return True if the key may read confidential opportunities; 403 and 404 both mean no. Asks once."""
        return self._session.run(self._reads.sees_confidential())


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
        self, opportunity: str, verb: Verb, tags: Sequence[str], may_retry: MayRetry | None, turn_taken: bool
    ) -> Opportunity | None:
        by = self.performer()
        return self._session.run(
            write_tags(
                self._session,
                opportunity,
                verb,
                tags,
                performer=by,
                may_retry=may_retry,
                turn_taken=turn_taken,
            )
        )
