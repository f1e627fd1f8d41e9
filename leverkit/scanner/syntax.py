"""Syntax trees: properties of nodes that do not depend on the language.

For example: is a node prose, which call encloses it, what does it define, which functions and branches
enclose it.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from leverkit.scanner import grammar

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_TYPE_ARGUMENTS = re.compile(r"<[^<>()]*>|\[[^\[\]()\"'`]*\]")


@lru_cache(maxsize=16)
def parser(language: str) -> Parser | None:
    """Return the parser of a language, or None where its grammar is not installed."""
    try:
        from tree_sitter import Language, Parser

        module, function = grammar.TEXTS["grammars"][language]
        return Parser(Language(getattr(importlib.import_module(module), function)()))
    except (ImportError, KeyError):
        return None


def text(node: Node | None) -> str:
    """Return the source text of a node."""
    return node.text.decode("utf-8", "replace") if node is not None and node.text is not None else ""


def leaf(root: Node, offset: int) -> Node:
    """Return the smallest named node at an offset."""
    return root.named_descendant_for_byte_range(offset, offset + 1) or root


def ancestors(node: Node) -> Iterator[Node]:
    """Yield the ancestors of a node, from its parent to the root."""
    parent = node.parent
    while parent is not None:
        yield parent
        parent = parent.parent


def enclosing(node: Node, types: frozenset[str]) -> Node | None:
    """Return the nearest ancestor of one of the types."""
    return next((step for step in ancestors(node) if step.type in types), None)


def function_of(node: Node) -> Node | None:
    """Return the nearest enclosing function that has a name."""
    return next((step for step in ancestors(node) if step.type in grammar.FUNCTIONS and name_of(step)), None)


def is_string(node: Node) -> bool:
    """Return True if a node is a literal or the text inside one."""
    return node.type in grammar.STRINGS or node.type in grammar.CONTENTS


def is_prose(node: Node) -> bool:
    """Return True if a node is a comment, a docstring, an import or text between JSX tags."""
    for step in (node, *ancestors(node)):
        if step.type in grammar.PROSE:
            return True
        if step.type == "expression_statement" and step.named_child_count == 1:
            child = step.named_child(0)
            return child is not None and child.type in ("string", "concatenated_string")
    return False


def last_word(name: str) -> str:
    """Return the last word of `self.base_url`, `Config::BASE`, `$this->base`, `@base` or `"key"`."""
    found = re.findall(r"[A-Za-z_][A-Za-z0-9_]*", name.split("(")[0])
    return found[-1] if found else ""


def name_of(node: Node) -> str:
    """Return the last word of the name that a definition or a function carries."""
    for field in ("name", "left", "key", "pattern"):
        if (name := node.child_by_field_name(field)) is not None:
            return last_word(text(name))
    if node.type in grammar.FUNCTIONS and node.parent is not None:
        return name_of(node.parent) if node.parent.type in grammar.DEFINITIONS else ""
    if node.type in grammar.DEFINITIONS and node.named_child_count > 1:
        return last_word(text(node.named_child(0)))
    return ""


def value_of(node: Node) -> Node | None:
    """Return the value that a definition gives to its name."""
    fields = (node.child_by_field_name(field) for field in ("value", "right", "default_value"))
    value = next((found for found in fields if found is not None), None)
    if value is None and node.named_child_count > 1:
        value = node.named_child(node.named_child_count - 1)
    while value is not None and value.type in ("expression_list", "literal_element"):
        if value.named_child_count != 1:
            break
        value = value.named_child(0)
    return value


def defined_by(node: Node) -> Node | None:
    """Return the definition, of a variable or of an entry, whose value a node is."""
    parent = node.parent
    while parent is not None and parent.type in ("expression_list", "literal_element"):
        parent = parent.parent
    return parent if parent is not None and parent.type in grammar.DEFINITIONS else None


def appended_to(node: Node) -> Node | None:
    """Return the variable to which a node is appended, as in `url += "/notes"` or `$url .= '/notes'`."""
    parent, branches = node.parent, grammar.CONDITIONALS | grammar.PARENTHESES
    while parent is not None and parent.type in branches and parent.child_by_field_name("condition") != node:
        node, parent = parent, parent.parent
    if parent is None or parent.type not in grammar.APPENDING:
        return None
    operator = text(parent.child_by_field_name("operator") or parent.child(1))
    left = parent.child_by_field_name("left") or parent.named_child(0)
    return left if operator in (".=", "+=", "<<=") else None


def is_compared(node: Node) -> bool:
    """Return True if a node is one side of a comparison, or in the list on that side."""
    parent = node.parent
    while parent is not None and parent.type in grammar.ARRAYS:
        parent = parent.parent
    if parent is None or parent.type not in grammar.BINARY:
        return parent is not None and parent.type == "comparison_operator"
    return text(parent.child_by_field_name("operator") or parent.child(1)) in grammar.COMPARISONS


def is_key(node: Node) -> bool:
    """Return True if a node is the name that a definition defines."""
    parent = node.parent
    return parent is not None and parent.type in grammar.DEFINITIONS and value_of(parent) != node


def is_entry(node: Node) -> bool:
    """Return True if a node is the key of an option, a field or a keyword argument."""
    return node.parent is not None and node.parent.type in grammar.ENTRIES


def qualified(node: Node) -> Node:
    """Return `self.base.url` for its last name `url`."""
    while (parent := node.parent) is not None and parent.type in grammar.MEMBERS:
        if parent.end_byte != node.end_byte + (parent.type == "expansion"):
            break
        node = parent
    return node


def _arguments_of(call: Node) -> Node | None:
    by_type = (child for child in call.named_children if child.type in ("arguments", "argument_list"))
    return call.child_by_field_name("arguments") or next(by_type, None)


def arguments(call: Node) -> list[Node]:
    """Return the argument nodes of a call, unwrapped."""
    if call.type == "command":
        return call.children_by_field_name("argument")
    holder = _arguments_of(call)
    children = holder.named_children if holder is not None else []
    inner = (arg.named_children[-1] if arg.type == "argument" else arg for arg in children)
    return [arg for arg in inner if arg.type not in grammar.COMMENTS]


def callee(call: Node) -> str:
    """Return the callee of a call without arguments and type arguments, its last 160 characters."""
    if call.type == "command":
        return text(call.child_by_field_name("name"))
    holder = _arguments_of(call)
    whole = call.text or b""
    if holder is not None:
        whole = whole[: holder.start_byte - call.start_byte]
    return _without_type_arguments(whole[-600:].decode("utf-8", "replace").strip())[-160:]


def _without_type_arguments(name: str) -> str:
    """Return `rest.get` for `rest.<List<T>>get`, `get` for `get[Page[T]]`."""
    shorter = _TYPE_ARGUMENTS.sub("", name)
    return name if shorter == name else _without_type_arguments(shorter)


def receiver_of(call: Node) -> Node | None:
    """Return `client` for `client.get(…)`, None for a bare function."""
    for field in ("receiver", "object"):
        if (found := call.child_by_field_name(field)) is not None:
            return found
    function = call.child_by_field_name("function")
    return function.named_child(0) if function is not None and function.named_child_count > 1 else None


def call_with(node: Node) -> Node | None:
    """Return the call of which a node is an argument."""
    parent = node.parent
    while parent is not None and parent.type in grammar.ARGUMENTS:
        parent = parent.parent
    return parent if parent is not None and parent.type in grammar.CALLS else None


def direct_callee(node: Node) -> str:
    """Return the callee of the call of which a node is an argument, or ''."""
    call = call_with(node)
    return callee(call) if call is not None else ""


def beside(call: Node, inside: Node) -> str:
    """Return the text of a call's other arguments."""
    others = (arg for arg in arguments(call) if not arg.start_byte <= inside.start_byte < arg.end_byte)
    return " ".join(text(arg)[:400] for arg in others)


def followers(call: Node) -> Iterator[str]:
    """Yield the names of the calls chained after a call: `post`, `build` in `uri(…).post(…).build()`."""
    for step in ancestors(call):
        if step.start_byte != call.start_byte:
            return
        if step.type in grammar.CALLS:
            yield callee(step).rsplit(")", 1)[-1]


def in_interface(node: Node) -> bool:
    """Return True if a node is in an interface or class that declares a client (Feign, Retrofit, uplink)."""
    home = enclosing(node, grammar.CLASSES)
    if home is None:
        return False
    consumer = "Consumer" in text(home.child_by_field_name("superclasses"))
    return home.type == "interface_declaration" or consumer


def statement(node: Node) -> range:
    """Return the bytes of the outermost statement, function or class around a node."""
    around = [node, *ancestors(node)]
    top = around[-2] if len(around) > 1 else node
    return range(top.start_byte, top.end_byte)


def _header(node: Node) -> str:
    """Return the text of a function, class or branch up to its body, at most 240 characters."""
    end = node.start_byte + 240
    for field in ("body", "consequence", "accessors"):
        if (body := node.child_by_field_name(field)) is not None:
            end = min(end, body.start_byte)
    return (node.text or b"")[: end - node.start_byte].decode("utf-8", "replace").split("\n\n")[0]


def scope(node: Node) -> Iterator[str]:
    """Yield the names around a node, from the inside out: calls, keys, branches, functions, classes."""
    previous = node
    for step in ancestors(node):
        if step.type in grammar.CALLS:
            yield f"{beside(step, node)[:600]} {callee(step)}"
        elif step.type in grammar.DEFINITIONS and value_of(step) is not None:
            yield text(step.named_child(0))[:120]
        elif (
            step.type in grammar.SCOPES
            and step.parent is not None
            and step.child_by_field_name("alternative") != previous
        ):
            yield _header(step)
        previous = step
