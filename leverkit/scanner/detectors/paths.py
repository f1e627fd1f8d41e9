"""Findings by path in one parsed source: from key words to folded paths, their uses, and codes.

A path kept in a variable is reported where it is built, with the method of the call that uses it; a
constant of a file or class is reported where it is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from leverkit.scanner import attribution, call_names, endpoints, grammar, syntax
from leverkit.scanner.context import Context
from leverkit.scanner.detectors.fan_out import fans_out
from leverkit.scanner.endpoints import Endpoint
from leverkit.scanner.rules import Finding

if TYPE_CHECKING:
    from tree_sitter import Node

_WORDS = rb"candidates|opportunities|(?:add|remove)Tags|(?:add|remove|update)(?=[#$]?\{)"


class PathDetector:
    """Finds paths of deprecated endpoints in one syntax tree."""

    def __init__(self, context: Context) -> None:
        self.context, self.source, self.folder = context, context.source, context.folder
        self.seen: set[tuple[int, int]] = set()

    def findings(self) -> Iterator[Finding]:
        """Yield a finding for every path of a deprecated endpoint."""
        names = [
            name.encode() for name, value in self.context.project.constants.items() if "candidates" in value
        ]
        key_words = b"|".join([_WORDS, *(rb"\b" + re.escape(name) + rb"\b" for name in names)])
        for match in re.finditer(key_words, self.source.text):
            node = syntax.leaf(self.context.root, match.start())
            shared = match.group() in names and not syntax.is_key(node)
            if (shared or syntax.is_string(node)) and not syntax.is_prose(node):
                whole = shared and "/" in self.context.project.constants[match.group().decode()]
                yield from self._from(self.folder.outermost(syntax.qualified(node) if whole else node))

    def _from(self, node: Node) -> Iterator[Finding]:
        if (key := (node.start_byte, node.end_byte)) in self.seen:
            return
        self.seen.add(key)
        template = _sent(node, self.folder.fold_with_arguments(node))
        found = endpoints.parse_endpoint(template)
        if found is None:
            yield from self._appended(node, template)
            return
        definition = syntax.defined_by(node)
        if definition is None or definition.type in grammar.ENTRIES:
            yield from self._judge(node, [node], found, template)
            return
        if self._gets_action(definition):
            return
        uses = list(self._uses(syntax.name_of(definition), definition))
        local = _local_function(definition) is not None
        leads_to = {use.id: endpoints.parse_endpoint(self.folder.fold(use)) for use in uses}
        bare = [use for use in uses if local and found.same_as(leads_to[use.id])]
        longer = [use for use in uses if use not in bare]
        self.seen.update((use.start_byte, use.end_byte) for use in bare)
        for use in longer:
            yield from self._from(use)
        has_endpoint = any(leads_to[use.id] for use in longer)
        if bare or not has_endpoint:
            yield from self._judge(node, bare or [node], found, template)

    def _uses(self, name: str, definition: Node) -> Iterator[Node]:
        """Yield the expressions that use a name: in its function until it is redefined, or in the file."""
        function = _local_function(definition)
        home = function or self.context.root
        for match in re.finditer(rb"(?<!\w)" + re.escape(name.encode()) + rb"(?!\w)", home.text or b""):
            at = home.start_byte + match.start()
            node = syntax.leaf(self.context.root, at)
            passed = definition.start_byte if function is None else 0
            if passed <= at < definition.end_byte or syntax.is_prose(node) or syntax.is_string(node):
                continue
            if not syntax.is_key(node):
                yield self.folder.outermost(syntax.qualified(node))
            elif function is not None and not syntax.is_entry(node):
                return

    def _appended(self, node: Node, template: str) -> Iterator[Finding]:
        """Judge a tag action that is appended to a path, as in `endpoint .= '/addTags'`."""
        target = syntax.appended_to(node)
        if target is None or not endpoints.writes_tags(template.strip("/")):
            return
        values = self.folder.values(syntax.last_word(syntax.text(target)), before=node)
        bases = [self.folder.fold(value).rstrip("/") for value in values]
        if not bases and not self.context.is_named_lever(node):
            return
        base = next((base for base in reversed(bases) if "candidates" in base), "opportunities")
        start = endpoints.parse_endpoint(base)
        whole = (
            f"{base}/{template.strip('/')}"
            if start and start.item
            else f"{base}/{{id}}/{template.strip('/')}"
        )
        if found := endpoints.parse_endpoint(whole):
            yield from self._judge(node, [node], found, whole)

    def _gets_action(self, definition: Node) -> bool:
        """Return True if a tag action is appended to a local path later, where the whole is reported."""
        function = _local_function(definition)
        appended = (
            re.escape(syntax.name_of(definition).encode())
            + rb"\s*(?:\+|\.|<<)=[^;\n]{0,80}/(?:add|remove)Tags"
        )
        return function is not None and re.search(rb"\b" + appended, function.text or b"") is not None

    def _judge(self, node: Node, uses: list[Node], found: Endpoint, template: str) -> Iterator[Finding]:
        method = next(filter(None, map(self.context.method, uses)), "")
        code = self._code(node, found, method, template)
        if (
            code
            and self.context.is_requested(node, found)
            and self.context.means_lever(node, found, template)
        ):
            yield self.source.finding(code, node.start_byte, endpoints.method_and_path(method, template))

    def _code(self, node: Node, found: Endpoint, method: str, template: str) -> str:
        function = syntax.function_of(node)
        name = syntax.name_of(function) if function is not None else ""
        if found.resource == "candidates":
            usual = endpoints.is_known_action(found.action) or attribution.lever_by_host(template)
            return endpoints.rule_code(found, method, name) if usual else ""
        if endpoints.is_missing(found):
            return "LK309"
        if endpoints.writes_tags(found.action):
            return "" if fans_out(self.context, node) else "LK306"
        around = syntax.text(function or self.context.root)
        return "LK305" if not found.item and method == "post" and endpoints.only_tags(name, around) else ""


def _sent(node: Node, template: str) -> str:
    """Return the path of `@RequestLine("POST /candidates")`, the address of `system("curl https://…")`."""
    if call_names.runs_shell(syntax.direct_callee(node)) and (
        address := re.search(r"https?://\S+", template)
    ):
        return address.group()
    annotated = syntax.enclosing(node, grammar.ANNOTATIONS) is not None
    return re.sub(r"^[A-Z]{3,6} (?=/)", "", template) if annotated else template


def _local_function(definition: Node) -> Node | None:
    """Return the function of a local variable, None for constants and fields."""
    field = re.match(r"@|\$?(?:self|this)\b", syntax.text(definition))
    return None if field else syntax.function_of(definition)
