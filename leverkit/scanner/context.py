"""The context of a path: its HTTP method, whether it is requested, and whether Lever is meant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from leverkit.scanner import attribution, call_names, endpoints, grammar, syntax
from leverkit.scanner.attribution import FileEvidence, ProjectEvidence
from leverkit.scanner.constant_folding import ConstantFolder
from leverkit.scanner.endpoints import Endpoint
from leverkit.scanner.sources import Source

if TYPE_CHECKING:
    from tree_sitter import Node

_COMPONENTS = (".tsx", ".jsx", ".vue", ".svelte")
_BROWSER = re.compile(r"^(?:fetch|axios\.(?:get|post|put|patch|delete)|\$\.(?:get|post|ajax))$")
_FOLDER = re.compile(r"(?:dir|directory|folder|bucket|disk|storage|cache)$", re.IGNORECASE)
_ADDRESS = re.compile(r"url|uri|api|base|host|endpoint|://", re.IGNORECASE)
_LOW_LEVEL = re.compile(r"curl|setRequestMethod|NewRequest", re.IGNORECASE)
_RESOURCES = re.compile(r"[\"'](?:opportunities|postings|archive_reasons|requisitions)[\"']")
_ANY_RESOURCE = re.compile(
    r"(?:lever\.co/v1|(?i:base|url|host|api|root)\w*(?:\}|\s*\.\s*\")?|%s)/(?:[$#]?\{|%s|\$\w)"
)
_CURL_BODY = re.compile(r"\s(?:-d|--data\S*|--json|-F|--form)\b")


@dataclass(frozen=True)
class Context:
    """One syntax tree (that of `folder`) with its source, its evidence and that of its project."""

    source: Source
    folder: ConstantFolder
    evidence: FileEvidence
    project: ProjectEvidence

    @property
    def root(self) -> Node:
        """Return the root of the syntax tree."""
        return self.folder.root

    def method(self, node: Node) -> str:
        """Return the HTTP method, lower case or '', from the enclosing calls, their arguments and chains."""
        inside = takewhile(lambda step: step.type not in grammar.FUNCTIONS, syntax.ancestors(node))
        for step in islice(inside, 14):
            if step.type in grammar.CALLS:
                method = endpoints.method_in_name(syntax.callee(step))
                method = method or endpoints.method_in_text(syntax.beside(step, node))
                method = method or next(
                    filter(None, map(endpoints.method_in_name, syntax.followers(step))), ""
                )
                if method or (step.type == "command" and _CURL_BODY.search(syntax.text(step))):
                    return method or "post"
            elif step.type in grammar.ANNOTATIONS:
                name = syntax.text(step.child_by_field_name("name"))
                return endpoints.method_in_name(name) or endpoints.method_in_text(syntax.text(step))
            elif step.type in grammar.OBJECTS and (
                method := endpoints.method_in_text(syntax.text(step)[:600])
            ):
                return method
        function = syntax.function_of(node)
        return endpoints.method_in_text(syntax.text(function)) if function and self._is_kept(node) else ""

    def _is_kept(self, node: Node) -> bool:
        """Return True if a path is kept in a variable, option or handle, and its method given elsewhere."""
        near = islice(syntax.ancestors(node), 3)
        call = syntax.enclosing(node, grammar.CALLS)
        low_level = call is not None and _LOW_LEVEL.search(syntax.callee(call))
        return bool(low_level) or any(step.type in grammar.DEFINITIONS for step in near)

    def is_requested(self, node: Node, found: Endpoint) -> bool:
        """Return True if a path is in a request, and not in a route, a link or a message."""
        if any(step.type in grammar.UNREQUESTED for step in islice(syntax.ancestors(node), 5)):
            return syntax.in_interface(node)
        if syntax.is_compared(node):
            return False
        target = syntax.direct_callee(node)
        if call_names.serves(target) or call_names.sends_nothing(target):
            return False
        if _is_file(node) or (found.relative and self._calls_own_application(node, target)):
            return False
        if found.base or (found.item and found.action):
            return True
        call = syntax.enclosing(node, grammar.CALLS)
        if call is not None and call_names.stores(syntax.callee(call)):
            return False
        if not target or is_listed(node):
            return self._path_named(node)
        if call is not None and _names_method(call, node):
            return call_names.sends(target, path_is_plain=False)
        makers = (target, self._maker_of_receiver(node))
        by_name = any(attribution.lever_by_names(name) is True for name in makers)
        return by_name or call_names.sends(target, path_is_plain=not found.item)

    def _calls_own_application(self, node: Node, target: str) -> bool:
        """Return True for `client.post("/candidates")` in a test whose parameter is that client."""
        function, receiver = syntax.function_of(node), target.split(".")[0]
        if function is None or not receiver or not syntax.name_of(function).startswith("test_"):
            return False
        given = re.findall(r"\w+", syntax.text(function.child_by_field_name("parameters")))
        return receiver in given and attribution.lever_by_names(receiver) is None

    def _path_named(self, node: Node) -> bool:
        if is_listed(node):
            text = self.source.text.decode("utf-8", "replace")
            return self.evidence.host and not self.evidence.others and bool(_ANY_RESOURCE.search(text))
        slash = "/" in syntax.text(node)
        function = syntax.function_of(node)
        if (definition := syntax.defined_by(node)) is not None:
            if not slash and _is_beside_path(definition):
                return False
            table = next(
                (step for step in syntax.ancestors(definition) if step.type in grammar.DEFINITIONS),
                definition,
            )
            named = any(call_names.names_path(syntax.name_of(step)) for step in (definition, table))
            return named or (slash and function is None)
        returned = node.parent is not None and node.parent.type in grammar.RETURNS
        return slash or bool(returned and function and call_names.names_path(syntax.name_of(function)))

    def means_lever(self, node: Node, found: Endpoint, template: str) -> bool:
        """Return True if Lever is meant, by host, base name, surrounding names, file and project."""
        if (is_lever := attribution.lever_by_host(template)) is not None:
            return is_lever
        if (is_lever := attribution.lever_by_names(found.base)) is not None:
            return is_lever
        target = syntax.direct_callee(node)
        if found.relative and attribution.lever_by_names(target) is None and self._in_browser(target):
            return False
        for names in (*syntax.scope(node), self._maker_of_receiver(node)):
            if (is_lever := attribution.lever_by_names(names)) is not None:
                return is_lever
        return self._file_means_lever(node, found)

    def is_named_lever(self, node: Node) -> bool:
        """Return True if the host in the file, or a name around a node, says Lever."""
        named = (attribution.lever_by_names(names) for names in syntax.scope(node))
        return self.evidence.host or next((found for found in named if found is not None), False)

    def _in_browser(self, target: str) -> bool:
        """Return True if a bare path goes to the page's own server, by `fetch` or in a component."""
        component = self.source.path.endswith(_COMPONENTS) and not self.evidence.host
        return component or bool(_BROWSER.match(target))

    def _maker_of_receiver(self, node: Node) -> str:
        called = re.findall(r"\w+", syntax.direct_callee(node))
        value = self.folder.definition(called[-2], node) if len(called) > 1 else None
        return syntax.text(value)[:200]

    def _file_means_lever(self, node: Node, found: Endpoint) -> bool:
        if self.evidence.imports and not self.evidence.about and not self.evidence.others:
            return not self._imported_elsewhere(node)
        if self.evidence.others or (self.evidence.named and not self.evidence.about):
            near = attribution.lever_by_nearest_name(
                self.source.text, syntax.statement(node), node.start_byte
            )
            return self.evidence.named and near
        return self.evidence.about or self.project.calls_lever_for(self.source)

    def _imported_elsewhere(self, node: Node) -> bool:
        """Return True if what is called comes from a module that does not name Lever."""
        called = re.findall(rb"\w+", syntax.direct_callee(node).encode())[:1]
        imported = rb"(?m)^.*\b(?:import|from|require|use)\b.*\b%s\b.*$"
        line = re.search(imported % called[0], self.source.text) if called else None
        return (
            line is not None and attribution.lever_by_names(line.group().decode("utf-8", "replace")) is None
        )


def is_listed(node: Node) -> bool:
    """Return True for `"candidates"` in a list of Lever's resources that a variable holds or a loop reads."""
    for step in islice(syntax.ancestors(node), 2):
        if step.type in grammar.LISTS and _RESOURCES.search(syntax.text(step)):
            around = takewhile(lambda outer: outer.type not in grammar.ARGUMENTS, syntax.ancestors(step))
            kept = grammar.DEFINITIONS - grammar.ENTRIES | grammar.LOOPS
            kinds = [outer.type for outer in islice(around, 4)]
            return next((kind in kept for kind in kinds if kind in kept | grammar.ENTRIES), False)
    return False


def _names_method(call: Node, node: Node) -> bool:
    """Return True if an argument beside a path is an HTTP method: `request("GET", "/candidates")`."""
    return re.search(r"^.?(GET|POST|PUT|PATCH|DELETE)\b", syntax.beside(call, node)) is not None


def _is_beside_path(entry: Node) -> bool:
    """Return True for `name: "candidates"` in an object that has its path in another entry."""
    beside = (step for step in entry.parent.named_children if step != entry) if entry.parent else ()
    return entry.type in grammar.ENTRIES and any(
        call_names.names_path(syntax.name_of(step)) for step in beside
    )


def _is_file(node: Node) -> bool:
    """Return True for the path of a file: `os.path.join(folder, "candidates")`, `DATA_DIR / "candidates"`."""
    start = syntax.text(next(iter(syntax.arguments(node)), None) if node.type in grammar.CALLS else node)
    joins = node.type in grammar.CALLS and syntax.callee(node) == "os.path.join"
    first = re.match(r"[$\w.]*", start)
    return bool(first and _FOLDER.search(first.group())) or (joins and not _ADDRESS.search(start))
