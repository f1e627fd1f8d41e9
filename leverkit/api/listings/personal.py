"""Fields about candidates: taken out of what Lever sent, before anybody sees it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import inspect

from leverkit.api.listings.catalogue import Listing
from leverkit.errors import UsageError

OPEN = (inspect.DictType, inspect.AnyType, inspect.RawType)


def without(value: Any, names: frozenset[str], dropped: set[str]) -> Any:
    """Return JSON without the fields of these names, at any depth; add those that were there to `dropped`."""
    if isinstance(value, dict):
        dropped.update(names & value.keys())
        return {
            name: without(item, names, dropped) if isinstance(item, dict | list) else item
            for name, item in value.items()
            if name not in names
        }
    return [without(item, names, dropped) for item in value] if isinstance(value, list) else value


def require_none(listing: Listing, type: type[Any], include: Iterable[str]) -> None:
    """Raise UsageError where a type or `include` holds a personal field of the listing, or a type may.

    A dict as a whole is fine: what is personal is taken out of it.
    """
    names, is_open = _contents(inspect.type_info(type))
    found = {*([include] if isinstance(include, str) else include), *names}
    if personal := sorted(found.intersection(listing.personal)):
        raise UsageError(
            f"{', '.join(personal)} of {listing.path} is about a candidate: personal=True asks for it. "
            "Nothing was sent"
        )
    if is_open and listing.personal and not is_plain(type):
        raise UsageError(f"{type!r} keeps whatever comes: name its fields, or say personal=True")


def _contents(info: Any) -> tuple[set[str], bool]:
    """Return Lever's names of the fields of a type and of the types within it, and if any field is kept."""
    names = {each.encode_name for each in getattr(info, "fields", ())}
    inner = [getattr(info, name, None) for name in ("item_type", "value_type")]
    inner += [each.type for each in getattr(info, "fields", ())]
    inner += [*getattr(info, "types", ()), *getattr(info, "item_types", ())]
    is_open = isinstance(info, OPEN)
    for each in inner:
        if isinstance(each, inspect.Type):
            more, open_within = _contents(each)
            names, is_open = names | more, is_open or open_within
    return names, is_open


def is_plain(type: type[Any]) -> bool:
    """Return True if a type is a dict, out of which personal fields have to be taken."""
    return isinstance(inspect.type_info(type), inspect.DictType)
