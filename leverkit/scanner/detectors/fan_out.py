"""Whether a tag write reaches the other opportunities of its contact.

The write's own function decides, the functions that call it, and what these loop over; for an entry of a
table its own call or object. Declarations of types and comments are no evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from leverkit.scanner import attribution, grammar, syntax
from leverkit.scanner.context import Context

if TYPE_CHECKING:
    from tree_sitter import Node

_LOOP = re.compile(rb"\b(?:for|foreach|while|map|forEach|each|flatMap|flat_map)\b")
_CALLED = re.compile(rb"(\w{3,})\s*\(")


def fans_out(context: Context, node: Node) -> bool:
    """Return True if a tag write at a node, or a caller of its function, lists opportunities by contact."""
    function = syntax.function_of(node)
    if function is None:
        entry = _entry(node)
        return _filters(entry) if entry is not None else any(map(_filters, _statements(context.root)))
    name = syntax.name_of(function)
    return _lists(context, function) or (bool(name) and _callers_list(context, function, name))


def _callers_list(context: Context, function: Node, name: str) -> bool:
    uses = re.finditer(rb"(?<!\w)" + re.escape(name.encode()) + rb"(?!\w)", context.source.text)
    callers = (syntax.function_of(syntax.leaf(context.root, use.start())) for use in uses)
    if any(caller != function and _lists(context, caller) for caller in callers if caller is not None):
        return True
    return context.project.fans_out(name, context.source.path)


def _lists(context: Context, function: Node) -> bool:
    """Return True if a function lists opportunities by contact, or loops over what another lists."""
    written = function.text or b""
    if _filters(function) or not _LOOP.search(written):
        return _filters(function)
    called = {name for name in _CALLED.findall(written) if name != syntax.name_of(function).encode()}
    return any(_filters(found) for name in called for found in _functions(context, name))


def _functions(context: Context, name: bytes) -> Iterator[Node]:
    for match in re.finditer(rb"(?<!\w)" + re.escape(name) + rb"(?!\w)", context.source.text):
        function = syntax.leaf(context.root, match.start()).parent
        if function is not None and function.type in grammar.FUNCTIONS:
            yield function


def _entry(node: Node) -> Node | None:
    """Return the call or object that holds an entry of a table, None for a path in a script's own request."""
    around = list(syntax.ancestors(node))
    in_class = any(step.type in grammar.CLASSES for step in around)
    defined = any(step.type in grammar.DEFINITIONS - grammar.ENTRIES for step in around)
    awaited = any(step.type in grammar.AWAITS | grammar.LOOPS for step in around)
    if awaited or not (defined or in_class):
        return None
    return next((step for step in around if step.type in grammar.CALLS | grammar.OBJECTS), node)


def _statements(root: Node) -> list[Node]:
    """Return the statements of a script, without declarations of types."""
    children = root.named_children
    inner = ((step.named_child(0) if step.type == "export_statement" else step) for step in children)
    return [step for step in inner if step is not None and step.type not in grammar.TYPES]


def _filters(node: Node) -> bool:
    return attribution.filters_by_contact(syntax.text(node))
