"""Node types of nine tree-sitter grammars, grouped by meaning, and names of calls that build strings.

The words themselves are in words.toml.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

TEXTS = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))


def word_set(name: str) -> frozenset[str]:
    """Return a set of words by its name in words.toml."""
    return frozenset(TEXTS[name].split())


COMMENTS = word_set("comments")
PROSE = COMMENTS | word_set("prose")
STRINGS = word_set("strings")
JUXTAPOSED = word_set("juxtaposed")
QUOTES = word_set("quotes")
CONTENTS = word_set("contents")
CALLS = word_set("calls")
ENTRIES = word_set("entries")
DEFINITIONS = ENTRIES | word_set("definitions")
FUNCTIONS = word_set("functions")
CLASSES = word_set("classes")
BRANCHES = word_set("branches")
SCOPES = FUNCTIONS | CLASSES | BRANCHES
BINARY = word_set("binary")
PARENTHESES = word_set("parentheses")
CONDITIONALS = word_set("conditionals")
ARRAYS = word_set("arrays")
LISTS = ARRAYS | word_set("lists")
OBJECTS = word_set("objects")
MEMBERS = word_set("members")
NAMES = MEMBERS - {"expansion"} | word_set("names")
INSIDE = word_set("inside")
BLOCKS = word_set("blocks")
FIELDS = word_set("fields")
AWAITS = word_set("awaits")
LOOPS = word_set("loops")
TYPES = word_set("types")
APPENDING = word_set("appending")
CONTAINERS = ARRAYS | word_set("containers")
ARGUMENTS = word_set("arguments")
UNREQUESTED = word_set("unrequested")
RETURNS = word_set("returns")
COMPARISONS = word_set("comparisons")
ANNOTATIONS = word_set("annotations")

FORMATS = word_set("formats")
JOINS = word_set("joins")
WRAPS = word_set("wraps")
APPENDS = word_set("appends")
BUILDERS = FORMATS | JOINS | WRAPS | APPENDS
