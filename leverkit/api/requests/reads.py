"""The reads of a client, as operations: which requests they are made of, whatever carries them out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import partial
from typing import Any, Self, TypeAlias, TypeVar
from urllib.parse import quote

import msgspec

from leverkit.api.listings import catalogue
from leverkit.api.listings.catalogue import Listing
from leverkit.api.listings.filters import checked, path_of
from leverkit.api.listings.personal import is_plain, require_none, without
from leverkit.api.models import Opportunity, TagCount, User, fields, listing, single
from leverkit.api.pagination import Offsets, Page, page_of
from leverkit.api.rate_limit import CONTACTS, PAGE
from leverkit.api.requests.exchange import Exchange
from leverkit.api.requests.steps import Operation
from leverkit.api.responses import Response
from leverkit.api.tags import names
from leverkit.errors import AccessDenied, ApiError, UsageError

T = TypeVar("T")
FIELDS = fields(Opportunity)
OPPORTUNITIES = "/opportunities"
PAGING = ("limit", "offset")
Extra: TypeAlias = Mapping[str, Any] | None


class Reads:
    """The reads of one account, and what is known of the key by now: whether it sees confidential items."""

    def __init__(self, exchange: Exchange, perform_as: str | None) -> None:
        self.exchange = exchange
        self.perform_as, self._performer_known = perform_as, False
        self._confidential: dict[str, bool] = {}

    def through(self, exchange: Exchange) -> Self:
        """Return these reads, sent through another exchange; what is known of the key is shared."""
        other = copy(self)
        other.exchange = exchange
        return other

    def get(self, path: str, type: type[T], params: Mapping[str, Any]) -> Operation[T]:
        """Read one object."""
        found = yield from self.exchange.steps("GET", path_of(path), type=single(type), params=_given(params))
        return found.data

    def find(self, path: str, type: type[T], personal: bool, params: Mapping[str, Any]) -> Operation[T]:
        """Read one object without its personal fields. Raises UsageError for a listing."""
        at = path_of(path)
        if (known := catalogue.find(at)) and not known.single:
            raise UsageError(
                f"{at} is a listing, and this would be its first page: use each. Nothing was sent"
            )
        if personal:
            return (yield from self.get(at, type, params))
        of = known or catalogue.of_object(at)
        require_none(of, type, params.get("include") or ())
        found = yield from self.get(at, type, params)
        return without(found, frozenset(of.personal), set()) if is_plain(type) else found

    def raw(self, path: str, params: Mapping[str, Any]) -> Operation[Response]:
        """Read anything and return the answer as it came."""
        return (yield from self.exchange.steps("GET", path_of(path), type=Response, params=_given(params)))

    def page(
        self,
        path: str,
        type: type[T],
        params: Mapping[str, Any],
        *,
        offset: str | None = None,
        turn_taken: bool = False,
    ) -> Operation[Page[T]]:
        """Read one page of a listing."""
        query, at = {**params, **_given({"offset": offset})}, path_of(path)
        kind = listing(type)
        found = yield from self.exchange.steps("GET", at, type=kind, params=query, turn_taken=turn_taken)
        return page_of(found, path=at, offset=offset)

    def all(self, path: str, type: type[T], params: Mapping[str, Any]) -> Operation[list[T]]:
        """Read a listing to its end."""
        found: list[T] = []
        offsets = Offsets(path)
        while not offsets.are_over:
            page: Page[T] = yield from self.page(path, type, params, offset=offsets.current)
            found += page.items
            offsets.follow(page)
        return found

    def checked_page(
        self, path: str, type: type[T] | str, params: Mapping[str, Any], extra: Extra, **given: Any
    ) -> Operation[Page[T]]:
        """Read one page of a listing, after its parameters were checked and completed."""
        type, params = kind_and_filters(type, params)
        query = yield from self.query(path, params, extra)
        return (yield from self.page(path, type, query, **given))

    def query(self, path: str, params: Mapping[str, Any], extra: Extra) -> Operation[dict[str, Any]]:
        """Return the parameters of a page: checked, and with confidential items where the key may see them.

        Where Lever documents no listing at the path, they are as given. Raises UsageError.
        """
        known, given = catalogue.find(path_of(path)), _given(params)
        query = checked(known, given, paging=PAGING) if known else given
        if known and known.has_confidential and "confidentiality" not in query:
            query |= yield from self.confidentiality(known)
        return {**query, **(extra or {})}

    def confidentiality(self, of: Listing) -> Operation[dict[str, Any]]:
        """Return the parameter that asks for confidential items too; none where the key may not see them."""
        sees = yield from self.sees_confidential(of.path)
        return {"confidentiality": "all"} if sees else {}

    def sees_confidential(self, path: str = OPPORTUNITIES) -> Operation[bool]:
        """Return True if the key may read confidential items; 403 and 404 both mean no. Asks once.

        The grant is one for all listings, and only the listing's own answer tells that it is missing.
        """
        if path not in self._confidential and not self._confidential.get(OPPORTUNITIES):
            only_ids = {"include": "id"} if path == OPPORTUNITIES else {}
            first: dict[str, Any] = {"confidentiality": "all", "limit": 1, **only_ids}
            try:
                yield from _again_on_403(partial(self.page, path, msgspec.Raw, first))
                self._confidential[path] = True
            except ApiError as error:
                if not error.means_no_access:
                    raise
                self._confidential[path] = False
        return self._confidential.get(path) or self._confidential.get(OPPORTUNITIES, False)

    def opportunity(self, opportunity: str) -> Operation[Opportunity]:
        """Read one opportunity by its id. Raises ApiError where Lever shows another one."""
        path = opportunity_path(opportunity)
        found = yield from self.get(path, Opportunity, {"include": FIELDS})
        if found.id.casefold() != opportunity.casefold():
            raise _another("of another opportunity than was asked for", path)
        return found

    def find_opportunity(self, opportunity: str) -> Operation[Opportunity | None]:
        """Read one opportunity by its id; None if it is gone, or hidden from this key."""
        try:
            return (yield from _again_on_403(partial(self.opportunity, opportunity)))
        except ApiError as error:
            if error.status not in (403, 404, 410):
                raise
            return None

    def contact(self, contact: str, personal: bool) -> Operation[dict[str, Any]]:
        """Read one contact by its id."""
        return (yield from self.find(f"/contacts/{quote(contact, safe='')}", dict, personal, {}))

    def opportunities_of(
        self, contacts: Sequence[str], seen: Callable[[int], None] | None, params: Mapping[str, Any]
    ) -> Operation[list[Opportunity]]:
        """Read all opportunities of these contacts, in one request if they fit."""
        found: dict[str, Opportunity] = {}  # the listing may move between two pages, and repeat an entry
        contacts = names("contacts", contacts)
        for start in range(0, len(contacts), CONTACTS):
            batch = contacts[start : start + CONTACTS]
            query = yield from self.default_params({"contact_id": batch, **params})
            offsets, whose = Offsets(OPPORTUNITIES), set[str]()
            while not offsets.are_over:
                page = yield from self.page(OPPORTUNITIES, Opportunity, query, offset=offsets.current)
                found |= {record.id: record for record in page.items}
                whose.update(record.contact for record in page.items)
                if len(whose) > len(batch):  # a merge leaves fewer contacts than were asked for, never more
                    raise _another("of other contacts than were asked for", OPPORTUNITIES)
                offsets.follow(page)
                if seen:
                    seen(start + len(batch) * offsets.are_over)
        return list(found.values())

    def tag_counts(self) -> Operation[dict[str, int]]:
        """Read every tag with the number of opportunities that carry it."""
        return {tag.text: tag.count for tag in (yield from self.all("/tags", TagCount, {}))}

    def default_params(self, params: Mapping[str, Any]) -> Operation[dict[str, Any]]:
        """Add what keeps personal data at Lever: only our fields, and confidential ones if allowed."""
        own = {"limit": PAGE, "include": FIELDS, **params}
        return (yield from self.query(OPPORTUNITIES, own, None))

    def user_with(self, email: str) -> Operation[User | None]:
        """Return the active user with this e-mail; None if there is none."""
        found = yield from self.page("/users", User, {"email": email})
        return next((user for user in found.items if (user.email or "").casefold() == email.casefold()), None)

    def performer(self, check: bool) -> Operation[str | None]:
        """Return the id of the user in whose name tags are written, looked up once."""
        if self.perform_as and "@" in self.perform_as:
            self.perform_as = yield from self._id_by_email(self.perform_as)
        elif self.perform_as and check and not self._performer_known:
            yield from self._check_id(self.perform_as)
        self._performer_known = self._performer_known or check
        return self.perform_as

    def _id_by_email(self, email: str) -> Operation[str]:
        try:
            found = yield from self.user_with(email)
        except AccessDenied as error:
            if error.status == 401:
                raise
            text = "LEVER_PERFORM_AS is an e-mail and the key may not read users: name the user's id instead"
            raise UsageError(text) from None
        if found is None:
            raise UsageError("LEVER_PERFORM_AS names an e-mail that no active user of this account has")
        return found.id

    def _check_id(self, user: str) -> Operation[None]:
        """Raise UsageError where no user has this id; a key that may not read users cannot tell."""
        try:
            yield from self.get(f"/users/{quote(user, safe='')}", User, {})
        except ApiError as error:
            if error.status in (400, 404):
                raise UsageError("LEVER_PERFORM_AS names an id that no user of this account has") from None
            if error.status != 403:
                raise


def kind_and_filters(type: type[T] | str, filters: Mapping[str, Any]) -> tuple[type[T], Mapping[str, Any]]:
    """Return the type of items, and the filters: a `type` that is a text is Lever's filter of that name."""
    if isinstance(type, str):
        plain: Any = dict
        return plain, {**filters, "type": type}
    return type, filters


def opportunity_path(opportunity: str) -> str:
    """Return the path of an opportunity, whatever is in its id."""
    return f"/opportunities/{quote(opportunity, safe='')}"


def _another(what: str, path: str) -> ApiError:
    """Return the error of an answer on which nothing may be written: it is about others."""
    text = f"the answer is {what}, so nothing rests on it."
    advice = "A proxy may have mixed up answers: run the same command again; if it stays, report it to Lever."
    return ApiError(text, method="GET", path=path, status=200, advice=advice)


def _given(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value is not None}


def _again_on_403(operation: Callable[[], Operation[T]]) -> Operation[T]:
    """Carry out an operation, and again after a first 403: a single refusal may be Lever's mistake."""
    try:
        return (yield from operation())
    except AccessDenied as error:
        if error.status != 403:
            raise
    return (yield from operation())
