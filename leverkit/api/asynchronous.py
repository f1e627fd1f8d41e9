"""The client for an event loop: the same names as `client`, awaited; the same requests, pace and retries.

What a call sends, how long it waits and when it gives up is decided in `requests`, for both. Waiting for a
turn, also for a budget that other processes hold, never blocks the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

from leverkit.api.account import Account, AccountLabel
from leverkit.api.auth import Secret, checked_url
from leverkit.api.http import AsyncHttpSession, in_thread
from leverkit.api.models import Opportunity, User
from leverkit.api.rate_limit import Pace
from leverkit.api.requests.async_listings import AsyncListings
from leverkit.api.requests.exchange import MayRetry
from leverkit.api.requests.items import AsyncItems, Plain, T
from leverkit.api.requests.reads import OPPORTUNITIES
from leverkit.api.requests.whoami import Whoami, account_ids, permissions
from leverkit.api.requests.writes import Verb, write_tags
from leverkit.api.responses import Response


class AsyncReadOnlyLever(AsyncListings):
    """A Lever account that can be read, from an event loop; each method does what `ReadOnlyLever`'s does."""

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
        """Open the account; the parameters are those of `ReadOnlyLever`, `sleep` is awaited."""
        url, secret = checked_url(base_url), key if isinstance(key, Secret) else Secret(key)
        given = {"scheme": scheme, "pace": pace, "retries": retries, "timeout": timeout, **clocks}
        super().__init__(url, AsyncHttpSession(url, secret, transport=transport, **given), perform_as)
        self._label = label or AccountLabel()
        self._account: Account | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def get(self, path: str, *, type: type[T] = dict, personal: bool = False, **params: Any) -> T:  # type: ignore[assignment]
        """Read one object."""
        return await self._session.run(self._reads.find(path, type, personal, params))

    async def with_raw(self, path: str, **params: Any) -> Response:
        """Read anything and return the answer as Lever sent it."""
        return await self._session.run(self._reads.raw(path, params))

    async def contact(self, contact: str, *, personal: bool = False) -> Plain:
        """Read one contact by its id."""
        return await self._session.run(self._reads.contact(contact, personal))

    async def whoami(self) -> Whoami:
        """Return the account of the key and what it may read."""
        found = await self._session.run(permissions(self._reads))
        account = await self._known_account()
        return Whoami(account=account.id, name=account.name, host=self.host, **found)

    def opportunities(self, **given: Any) -> AsyncItems[Opportunity]:
        """Return opportunities as records."""
        return self.each(OPPORTUNITIES, **{"type": Opportunity, **given})

    async def opportunity(self, opportunity: str) -> Opportunity:
        """Read one opportunity by its id."""
        return await self._session.run(self._reads.opportunity(opportunity))

    async def find_opportunity(self, opportunity: str) -> Opportunity | None:
        """Read one opportunity by its id; None if it is gone, or hidden from this key."""
        return await self._session.run(self._reads.find_opportunity(opportunity))

    async def opportunities_of(
        self, contacts: Sequence[str], *, seen: Callable[[int], None] | None = None, **params: Any
    ) -> list[Opportunity]:
        """Read all opportunities of these contacts."""
        return await self._session.run(self._reads.opportunities_of(contacts, seen, params))

    async def default_params(self, **params: Any) -> dict[str, Any]:
        """Add what keeps personal data at Lever."""
        return await self._session.run(self._reads.default_params(params))

    async def tag_counts(self) -> dict[str, int]:
        """Read every tag with the number of opportunities that carry it."""
        return await self._session.run(self._reads.tag_counts())

    async def user_with(self, email: str) -> User | None:
        """Return the active user with this e-mail."""
        return await self._session.run(self._reads.user_with(email))

    async def performer(self, *, check: bool = False) -> str | None:
        """Return the id of the user in whose name tags are written."""
        return await self._session.run(self._reads.performer(check))

    async def account_id(self) -> str:
        """Return 12 hex digits that identify the account."""
        return (await self._known_account()).id

    async def sees_confidential(self) -> bool:
        """Return True if the key may read confidential opportunities."""
        return await self._session.run(self._reads.sees_confidential())

    async def _known_account(self) -> Account:
        """Return the account, its ids read at once: nothing of it sends a request later."""
        if self._account is None:
            ids = await self._session.run(account_ids(self._reads))
            account = Account(ids.__getitem__, self.host, self._label)
            await in_thread(lambda: account.id)  # it looks into the workspace
            self._account = account
        return self._account


class AsyncLever(AsyncReadOnlyLever):
    """A Lever account that can be read and tagged, from an event loop."""

    async def add_tags(
        self,
        opportunity: str,
        tags: Sequence[str],
        *,
        may_retry: MayRetry | None = None,
        turn_taken: bool = False,
    ) -> Opportunity | None:
        """Add tags to one opportunity, as `Lever.add_tags`; `may_retry` is called in a thread, or awaited."""
        return await self._write(opportunity, "addTags", tags, may_retry, turn_taken)

    async def remove_tags(
        self,
        opportunity: str,
        tags: Sequence[str],
        *,
        may_retry: MayRetry | None = None,
        turn_taken: bool = False,
    ) -> Opportunity | None:
        """Remove tags from one opportunity; returns and raises as `add_tags`."""
        return await self._write(opportunity, "removeTags", tags, may_retry, turn_taken)

    async def _write(
        self, opportunity: str, verb: Verb, tags: Sequence[str], may_retry: MayRetry | None, turn_taken: bool
    ) -> Opportunity | None:
        by = await self.performer()
        return await self._session.run(
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
