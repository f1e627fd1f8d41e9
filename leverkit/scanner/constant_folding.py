"""Constant folding: the path that an expression builds.

Literals, interpolation, `+`, `%`, format, join, URL builders, constants, variables and small functions of the
same file (and constants of other files) become one template; what is unknown becomes a placeholder, `{name}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from leverkit.scanner import call_names, grammar, syntax
from leverkit.scanner.syntax import text

if TYPE_CHECKING:
    from tree_sitter import Node

_PLACEHOLDER = re.compile(
    r"\{\w*(?:![rs])?(?::[^{}]*)?\}|%[-+ #0]*\d*(?:\.\d+)?[sdvqxi@]"
    r"|%\d+\$[sd]|%\(\w+\)[sd]|%<\w+>[sd]?|%\{\w+\}"
)
_BEFORE_NAME = rb"(?<![\w.])[@$]{0,2}(?:self\.|this\.|this->)?"
_AFTER_NAME = rb"[\"'\]]{0,2}\s*(?::[^=\n;{}()]{1,60})?(?:=|:|\?\?=|\|\|=|=>)"
_DEPTH = 6


class ConstantFolder:
    """Folds expressions of one syntax tree. `constants` are those of other files, by name."""

    def __init__(self, root: Node, source: bytes, constants: Mapping[str, str]) -> None:
        self.root, self.source, self.constants = root, source, constants
        self.defined: dict[str, list[tuple[Node, Node | None, Node | None]]] = {}

    def outermost(self, node: Node) -> Node:
        """Return the largest expression that builds one path from a name or a piece of a literal."""
        while (parent := node.parent) is not None and self._extends(node, parent):
            node = parent
        return node

    def _extends(self, node: Node, parent: Node) -> bool:
        kind = parent.type
        if kind in grammar.BINARY:
            return _operator(parent) in ("+", ".", "%", "/", "<<") and node.type not in grammar.CONDITIONALS
        if kind in grammar.CALLS:
            return self._builds(parent)
        if kind in grammar.CONTAINERS:
            call = syntax.enclosing(parent, grammar.CALLS)
            wrapped = call is not None and kind in grammar.ARRAYS and _verb(call) in grammar.WRAPS
            return call is not None and self._builds(call) and not wrapped
        return kind in grammar.STRINGS or kind in grammar.INSIDE

    def _builds(self, call: Node) -> bool:
        return call.type != "command" and (
            _verb(call) in grammar.BUILDERS or call_names.appends(syntax.callee(call))
        )

    def fold(self, node: Node | None, depth: int = 0) -> str:
        """Return the template that a node builds."""
        if node is None or depth > _DEPTH:
            return "{}"
        kind = node.type
        if kind in grammar.JUXTAPOSED:
            return "".join(self.fold(child, depth) for child in node.named_children) + _cut_off(node)
        if kind in grammar.STRINGS:
            return self._literal(node, depth)
        if kind in grammar.BINARY:
            return self._binary(node, depth)
        if kind in grammar.PARENTHESES or kind in grammar.CONDITIONALS:
            return self._inner(node, depth)
        if kind in grammar.CALLS:
            return self._call(node, depth)
        return self._name(node, depth) if kind in grammar.NAMES else _placeholder(node)

    def fold_with_arguments(self, node: Node) -> str:
        """Fold a node, with the arguments after it if a call takes a path in pieces."""
        folded = self.fold(node)
        call = syntax.call_with(node)
        if call is None or folded.strip("/") != "candidates":
            return folded
        rest = [arg for arg in syntax.arguments(call) if arg.start_byte > node.start_byte][:2]
        if len(rest) == 2 and all(arg.type in grammar.STRINGS | grammar.NAMES for arg in rest):
            return "/".join((folded.strip("/"), *(self.fold(arg, 1) for arg in rest)))
        return folded

    def _literal(self, node: Node, depth: int) -> str:
        parts = [child for child in node.named_children if child.type not in grammar.QUOTES]
        if parts:
            return "".join(
                text(part) if part.type in grammar.CONTENTS else self.fold(part, depth + 1) for part in parts
            )
        return re.sub(r"^[a-zA-Z@$]{0,3}(\"\"\"|'''|[\"'`])(.*)\1$", r"\2", text(node), flags=re.DOTALL)

    def _binary(self, node: Node, depth: int) -> str:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator = _operator(node)
        if operator in ("+", ".", "<<"):
            return self.fold(left, depth) + self.fold(right, depth)
        if operator == "/":
            return f"{self.fold(left, depth).rstrip('/')}/{self.fold(right, depth).lstrip('/')}"
        if operator == "%" and right is not None:
            values = right.named_children if right.type in grammar.ARRAYS else [right]
            return self._fill(self.fold(left, depth), values, depth)
        if operator in ("||", "??", "or", "?:"):
            return max((self.fold(side, depth + 1) for side in (left, right)), key=_known_length)
        return _placeholder(node)

    def _inner(self, node: Node, depth: int) -> str:
        fields = (node.child_by_field_name(field) for field in ("expression", "consequence", "body", "value"))
        named = [child for child in node.named_children if child.type != "interpolation_brace"]
        if node.type == "array_element_initializer":
            named.reverse()
        inner = next((found for found in fields if found is not None), named[0] if named else None)
        return self.fold(inner, depth + 1)

    def _call(self, node: Node, depth: int) -> str:
        verb, receiver, args = _verb(node), syntax.receiver_of(node), syntax.arguments(node)
        if verb in grammar.FORMATS:
            return self._format(verb, receiver, args, depth)
        if verb in grammar.JOINS:
            return self._join(verb, receiver, args, depth)
        if verb in grammar.APPENDS and receiver is not None:
            return "/".join(self.fold(part, depth + 1).strip("/") for part in (receiver, *args))
        if call_names.appends(syntax.callee(node)):
            return "".join(self.fold(part, depth + 1) for part in (receiver, *args))
        if verb in grammar.WRAPS:
            return self._wrap(verb, receiver, args, depth)
        return self._returned(verb, depth + 1) or _placeholder(node)

    def _format(self, verb: str, receiver: Node | None, args: Sequence[Node], depth: int) -> str:
        template = self.fold(receiver, depth) if receiver is not None else ""
        if _known_length(template) and (verb in ("format", "formatted") or _is_string(receiver)):
            return self._fill(template, args, depth)
        return self._fill(self.fold(args[0], depth), args[1:], depth) if args else "{}"

    def _join(self, verb: str, receiver: Node | None, args: Sequence[Node], depth: int) -> str:
        pieces = [
            part for arg in args for part in (arg.named_children if arg.type in grammar.ARRAYS else [arg])
        ]
        if receiver is not None and receiver.type in grammar.ARRAYS:
            pieces = list(receiver.named_children)
        elif verb == "concat" and receiver is not None:
            return "".join(self.fold(part, depth + 1) for part in (receiver, *pieces))
        folded = (
            self.fold(piece, depth + 1).strip("/") for piece in pieces if piece.type != "type_identifier"
        )
        return "/".join(part for part in folded if part)

    def _wrap(self, verb: str, receiver: Node | None, args: Sequence[Node], depth: int) -> str:
        if receiver is not None and (receiver.type in grammar.STRINGS or not args):
            return self.fold(receiver, depth + 1)
        parts = [self.fold(arg, depth + 1) for arg in args]
        if verb == "URL" and len(parts) == 2:
            return f"{parts[1].rstrip('/')}/{parts[0].lstrip('/')}"
        return parts[0] if parts else "{}"

    def _fill(self, template: str, values: Sequence[Node], depth: int) -> str:
        left = [self.fold(value, depth + 1) for value in values]
        return _PLACEHOLDER.sub(lambda hole: left.pop(0) if left else hole.group(), template)

    def _name(self, node: Node, depth: int) -> str:
        word = syntax.last_word(text(node))
        if len(word) < 2 or depth >= _DEPTH:
            return _placeholder(node)
        value = self.definition(word, node)
        if value is not None and value != node and _known_length(folded := self.fold(value, depth + 2)):
            return folded
        return self.constants.get(word) or self._returned(word, depth + 2) or _placeholder(node)

    def definition(self, word: str, at: Node) -> Node | None:
        """Return the value of a name: the last before a node in its function, else in its class, else any.

        Of objects that give one key different values (as a table of products does) none is chosen.
        """
        here, home = syntax.function_of(at), syntax.enclosing(at, grammar.CLASSES)
        best = -1
        ranked: list[Node] = []
        for found, function, owner in self._definitions(word):
            if found.start_byte <= at.start_byte < found.end_byte:
                continue
            inside = here is not None and here.start_byte <= found.start_byte < at.start_byte
            rank = 3 if inside else 2 if home is not None and owner == home else int(function is None)
            if rank >= best:
                best, ranked = rank, [*(ranked if rank == best else ()), found]
        entries = {text(found) for found in ranked if syntax.is_entry(found)}
        return None if best < 3 and len(entries) > 1 else next(reversed(ranked), None)

    def values(self, word: str, *, before: Node) -> list[Node]:
        """Return all values of a name: in the function of a node, else in its class, or outside of any."""
        here, home = syntax.function_of(before), syntax.enclosing(before, grammar.CLASSES)
        found = [(value, function) for value, function, owner in self._definitions(word) if owner == home]
        own = [value for value, function in found if here is not None and function == here]
        return own or [value for value, _ in found]

    def calls(self, name: str) -> Iterator[Node]:
        """Yield the calls of a function of this file."""
        for match in re.finditer(rb"(?<!\w)" + re.escape(name.encode()) + rb"(?=\s*\()", self.source):
            call = syntax.enclosing(syntax.leaf(self.root, match.start()), grammar.CALLS)
            if call is not None and syntax.last_word(syntax.callee(call)) == name:
                yield call

    def _definitions(self, word: str) -> list[tuple[Node, Node | None, Node | None]]:
        if word not in self.defined:
            name = re.escape(word.encode())
            pattern = _BEFORE_NAME + name + _AFTER_NAME + rb"|\bconst\s+" + name + rb"\b"
            values = [self._defined(match.start(), word) for match in re.finditer(pattern, self.source)]
            self.defined[word] = [
                (value, syntax.function_of(value), syntax.enclosing(value, grammar.CLASSES))
                for value in values
                if value is not None
            ]
        return self.defined[word]

    def _defined(self, offset: int, word: str) -> Node | None:
        node = syntax.leaf(self.root, self.source.find(word.encode(), offset))
        for step in (node, *syntax.ancestors(node)):
            if step.type in grammar.COMMENTS or step.type in grammar.CALLS:
                return None
            if step.type in grammar.DEFINITIONS:
                return syntax.value_of(step) if syntax.name_of(step) == word else None
        return None

    def _returned(self, word: str, depth: int) -> str:
        """Return the template that a small function of this name returns, or ''."""
        if depth >= _DEPTH or len(word) < 3:
            return ""
        for match in re.finditer(rb"\b" + word.encode() + rb"\b", self.source):
            function = syntax.leaf(self.root, match.start()).parent
            if (
                function is not None
                and function.type in grammar.FUNCTIONS
                and syntax.name_of(function) == word
            ):
                folded = self.fold(_result(function), depth + 1)
                return folded if "/" in folded else ""
        return ""


def _result(function: Node) -> Node | None:
    body = function.child_by_field_name("body")
    if body is None or body.end_byte - body.start_byte > 400:
        return None
    if (found := re.search(rb"\breturn\s+", body.text or b"")) is not None:
        statement = syntax.leaf(body, body.start_byte + found.start())
        return statement.named_child(0) if "return" in statement.type else None
    if "expression" in body.type or body.type in grammar.STRINGS:
        return body
    children = [child for child in body.named_children if child.type not in grammar.COMMENTS]
    return children[-1] if children else None


def _cut_off(node: Node) -> str:
    """Return what follows a shell's `$BASE/notes/$ID/x`, which its grammar cuts after the last `$`."""
    rest = node.next_sibling
    is_cut = text(node).endswith("$") and rest is not None and rest.start_byte == node.end_byte
    return re.sub(r"^\w+", "{}", text(rest)) if is_cut else ""


def _verb(call: Node) -> str:
    return syntax.last_word(syntax.callee(call).split("(")[-1])


def _is_string(node: Node | None) -> bool:
    return node is not None and node.type in grammar.STRINGS


def _operator(node: Node) -> str:
    return text(node.child_by_field_name("operator") or node.child(1))


def _known_length(template: str) -> int:
    return len(_PLACEHOLDER.sub("", template).strip())


def _placeholder(node: Node) -> str:
    return "{" + ".".join(re.findall(r"[\w.]+", text(node)[:80]))[:60] + "}"
