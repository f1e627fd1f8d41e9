"""The switches about tags: which tags of a request take effect (section 10, rows 5 to 13)."""

from __future__ import annotations

import unicodedata
from typing import Any

from leverkit.emulator.account.account import Account, Object
from leverkit.emulator.account.changes import derived_tags
from leverkit.emulator.account.opportunity import Row
from leverkit.emulator.config import Config
from leverkit.emulator.http.request import Request
from leverkit.emulator.response import RequestError, bad_request


def string_list(body: Object, name: str) -> list[str]:
    """Return the list of strings of a body. Raises RequestError 400 for anything else."""
    value: Any = body.get(name)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise bad_request(f"{name} must be an array of strings")
    return value


def requested_tags(request: Request) -> list[str]:
    """Return the tags of a body, checked and normalised. Raises RequestError 400."""
    tags, config = string_list(request.json(), "tags"), request.config
    if not tags and config.empty_tags == "error":
        raise bad_request("tags must not be empty")
    if "" in tags and config.empty_tag == "error":
        raise bad_request("tags must not contain empty strings")
    if len(set(tags)) < len(tags) and config.repeated_tag == "error":
        raise bad_request("tags must not repeat")
    tags = [tag for tag in (_normal(request.account, config, tag) for tag in tags) if tag]
    return _shortened(config, tags)


def _normal(account: Account, config: Config, tag: str) -> str:
    if config.tag_normalisation == "trim":
        return tag.strip()
    if config.tag_normalisation == "nfc":
        return unicodedata.normalize("NFC", tag)
    if config.tag_normalisation == "fold":
        return next((known for known in account.tags if known.casefold() == tag.casefold()), tag)
    return tag


def _shortened(config: Config, tags: list[str]) -> list[str]:
    length, count = config.max_tag_length, config.max_tags_per_call
    too_long = length is not None and any(len(tag) > length for tag in tags)
    if config.over_limit == "error" and (too_long or (count is not None and len(tags) > count)):
        raise bad_request("Too many tags, or a tag that is too long")
    return [tag[:length] for tag in tags][:count]


def tags_after_adding(request: Request, row: Row, tags: list[str]) -> list[str]:
    """Return an opportunity's tags, new ones at the end. Raises RequestError if new texts are locked."""
    lock, limit = request.config.tag_lock, request.config.max_tags
    new = [tag for tag in tags if tag not in request.account.tags]
    if new and isinstance(lock, int):
        raise RequestError(lock, "New tags may not be created")
    if lock == "skip":
        tags = [tag for tag in tags if tag not in new]
    combined = list(dict.fromkeys([*row.tags, *tags]))
    if limit is not None and len(combined) > limit and request.config.over_limit == "error":
        raise bad_request("Too many tags on this opportunity")
    return combined[:limit]


def tags_after_removal(request: Request, row: Row, gone: list[str]) -> list[str]:
    """Return the tags that stay after a removal. Raises RequestError 400 for absent ones, by switch."""
    if request.config.absent_tag == "error" and not set(gone) <= set(row.tags):
        raise bad_request("The opportunity does not have that tag")
    stuck: set[str] = set()
    if request.config.posting_tag_removal == "ignored":
        stuck = set(derived_tags(request.account.postings.get(row.posting or "")))
    return [tag for tag in row.tags if tag not in gone or tag in stuck]


def tags_put_back(request: Request, row: Row, gone: list[str]) -> list[str]:
    """Return the posting tags that Lever would put back after their removal."""
    if request.config.posting_tag_removal != "comes back":
        return []
    derived = derived_tags(request.account.postings.get(row.posting or ""))
    return [tag for tag in derived if tag in gone]
