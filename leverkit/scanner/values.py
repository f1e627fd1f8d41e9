"""Trace an expression to the names that it is made of, through variables, parameters and casts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from leverkit.scanner import grammar, syntax
from leverkit.scanner.constant_folding import ConstantFolder
from leverkit.scanner.syntax import text

if TYPE_CHECKING:
    from tree_sitter import Node

_DEPTH = 6
_READS = re.compile(
    r"^(?:stringify|dumps|to_json|json_encode|get_data|body|text|getInputStream|ReadAll|read"
    r"|(?:get)?_?[tT]oken|(?:get)?_?[tT]riggered_?[aA]t)$"
)
_TOLD = re.compile(r"token$|triggered_?at", re.IGNORECASE)  # names that say what they hold
_TOLD_KEY = re.compile(r":?[\"'](?:token|triggered_?at)[\"']$", re.IGNORECASE)  # payload.get("token")


class ValueTracer:
    """Traces expressions of one syntax tree; each result is a list of names, in the order of the text."""

    def __init__(self, folder: ConstantFolder) -> None:
        self.folder = folder

    def atoms(self, node: Node | None, depth: int = 0) -> list[str]:
        """Return the names in an expression: `["body.token", "body.triggeredAt"]`."""
        if node is None or depth > _DEPTH or node.type in grammar.COMMENTS | grammar.CONTENTS:
            return []
        if node.type in grammar.CALLS and node.type != "command":
            return self._call(node, depth)
        if node.type in grammar.FIELDS:
            return [text(node)]
        if node.type in grammar.NAMES or (node.type in grammar.STRINGS and not node.named_children):
            return self._name(node, depth)
        return [atom for child in node.named_children for atom in self.atoms(child, depth)]

    def _call(self, node: Node, depth: int) -> list[str]:
        verb = syntax.last_word(syntax.callee(node).rsplit(")", 1)[-1])
        receiver = syntax.receiver_of(node)
        keys = [text(arg) for arg in syntax.arguments(node) if arg.type in grammar.STRINGS]
        if receiver is not None and (told := [key for key in keys if _TOLD_KEY.match(key)]):
            return [f"{text(receiver)}.{key}" for key in told]
        own = self.atoms(receiver, depth + 1) if receiver is not None else []
        inner = [atom for arg in syntax.arguments(node) for atom in self.atoms(arg, depth + 1)]
        reads = [f"{text(receiver)}.{verb}" if receiver is not None else verb] if _READS.match(verb) else []
        return [*reads, *own, *inner]

    def _name(self, node: Node, depth: int) -> list[str]:
        if node.type in grammar.STRINGS:
            return []
        word = syntax.last_word(text(node))
        if word != text(node).lstrip("$@") or _TOLD.search(word):
            return [text(node)]
        value = self.folder.definition(word, node)
        if value is not None and _is_visible(value, node):
            return self.atoms(value, depth + 2) or [text(node)]
        passed = [atom for arg in self._passed(word, node) for atom in self.atoms(arg, depth + 2)]
        return passed or [text(node)]

    def _passed(self, word: str, node: Node) -> Iterator[Node]:
        """Yield what the first caller in the file passes for a parameter."""
        function = syntax.function_of(node)
        at = _parameter_at(function, word) if function is not None else -1
        if function is None or at < 0:
            return
        for call in self.folder.calls(syntax.name_of(function)):
            arguments = syntax.arguments(call)
            if len(arguments) > at and not _contains(function, call):
                yield arguments[at]
                return


def _parameter_at(function: Node, word: str) -> int:
    holder = function.child_by_field_name("parameters")
    parameters = holder.named_children if holder is not None else []
    named = [re.findall(r"\w+", text(step).split("=")[0]) for step in parameters]
    return next((i for i, words in enumerate(named) if word in words), -1)


def _is_visible(value: Node, node: Node) -> bool:
    """Return True if a value that a name gets elsewhere holds at a node, and does not contain it."""
    function = syntax.function_of(value)
    return not _contains(value, node) and (function is None or _contains(function, node))


def _contains(outer: Node, inner: Node) -> bool:
    return outer.start_byte <= inner.start_byte and inner.end_byte <= outer.end_byte
