"""What may stay in a scrubbed recording: Lever's field names, its own words, and what we asked for."""

from __future__ import annotations

import tomllib
from pathlib import Path

_KNOWN = tomllib.loads(Path(__file__).with_name("known.toml").read_text(encoding="utf-8"))
FIELDS, WORDS, LISTS, PLACES = (frozenset(_KNOWN[name]) for name in ("fields", "words", "lists", "places"))
OURS, MESSAGE = frozenset(_KNOWN["ours"]), frozenset(_KNOWN["message"] + _KNOWN["capitals"])
COUNTS = frozenset({"count", "rank", "toStageIndex", "limit"})
TIMES = frozenset({"snoozedUntil", "date"})
CODES = (
    "Error",
    "Found",
    "Gone",
    "Forbidden",
    "Unauthorized",
    "Requests",
    "Unavailable",
    "Exceeded",
    "Limited",
)
HEADERS = {
    "content-type": ("application/json", "application/json; charset=utf-8", "text/html"),
    "server": ("lever-data-api",),
    "x-stream-path": ("dapi",),
    "x-lever-region": ("global", "eu"),
}
PAGES = ("https://hire.lever.co/candidates", "https://hire.sandbox.lever.co/candidates")
EPOCH = 10**11  # smaller numbers are no times in milliseconds
SMALL = 10**6  # larger ones below EPOCH may be a time in seconds, or a phone
