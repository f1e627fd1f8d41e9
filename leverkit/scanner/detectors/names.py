"""Findings by name in one parsed source: wrappers like `lever.candidates.add_tags`, and `candidateId`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from leverkit.scanner import attribution, endpoints, grammar, syntax
from leverkit.scanner.context import Context
from leverkit.scanner.detectors.signatures import EVENTS
from leverkit.scanner.rules import Finding

if TYPE_CHECKING:
    from tree_sitter import Node

_RESOURCE = re.compile(rb"(?:\.|->|::)[cC]andidates?(?:\([^()\n]*\))?\s*(?:\.|->|::)\s*(\w+)")
_METHOD = re.compile(
    rb"(?:\.|->|::)((?:add|remove|update)_?candidate_?tags?|(?:add|remove)_?tags?_?(?:to|from)_?candidate)\b",
    re.IGNORECASE,
)
_VERBS = (
    ("LK301", r"(?:add|remove|update|set)_?tags?"),
    (
        "LK302",
        r"(?:add|remove)_?(?:links?|sources?|postings?|notes?)|(?:update|set|change)?_?stage|archive|unarchive|update",
    ),
    ("LK304", r"create|post|add"),
    ("LK303", r"list|get|all|retrieve|fetch|iterate|get_all|list_all|get_by_id|find_by_id"),
)
_CANDIDATE_ID = re.compile(
    rb"(?:\b(?:get)?(?:data|payload|event|body|Data)\b(?:\(\))?[\"'\]\)]*\s*"
    rb"(?:\?\.|\.|->|\[|\.get\(|\.fetch\(|\.dig\()\s*:?[\"']?)(?:get)?[cC]andidateI[dD]\b"
    rb"|\{[^{}\n]*\bcandidateId\b[^{}\n]*\}\s*=\s*[\w.]*(?:data|payload|body|event)\b|json:\"candidateId|:data,\s*:?[\"']?candidateId",
)
_SIGNED = (b"triggeredAt", b"token", b"signature")  # what a delivery has and events of others have not
_CONTACT_ID = re.compile(rb"contact_?id", re.IGNORECASE)


def findings(context: Context) -> Iterator[Finding]:
    """Yield the findings that rest on names and not on paths."""
    yield from _wrappers(context)
    if EVENTS.search(context.source.text):
        yield from _candidate_ids(context)


def _wrappers(context: Context) -> Iterator[Finding]:
    source = context.source
    for match in _RESOURCE.finditer(source.text):
        word = match.group(1).decode()
        code = next((code for code, verbs in _VERBS if re.fullmatch(verbs, endpoints.snake_case(word))), "")
        named = context.evidence.host or code == "LK301"
        if code and _of_lever(context, match.start(), by_name=named):
            yield source.finding(code, match.start(1), f"candidates.{word}")
    for match in _METHOD.finditer(source.text):
        word = match.group(1).decode()
        if word not in context.project.tag_functions and _of_lever(context, match.start(), by_name=True):
            yield source.finding("LK301", match.start(1), word)


def _of_lever(context: Context, offset: int, *, by_name: bool) -> bool:
    """Return True if the object before an offset is a Lever client, by its construction or its name."""
    node = syntax.leaf(context.root, max(offset - 1, 0))
    if syntax.is_prose(node) or syntax.is_string(node):
        return False
    receiver = re.search(rb"[\w.@$>()-]*$", context.source.text[max(offset - 80, 0) : offset])
    words = re.findall(r"\w+", receiver.group().decode("utf-8", "replace")) if receiver else []
    if not words:
        return False
    if by_name and re.search(r"lever(?:_?(?:client|api|sdk|service))?$", words[-1], re.IGNORECASE):
        return attribution.lever_by_names(words[-1]) is True
    made = syntax.text(context.folder.definition(words[-1], node))
    return attribution.lever_by_names(made.split("\n")[0][:120]) is True


def _candidate_ids(context: Context) -> Iterator[Finding]:
    source, root = context.source, context.root
    reported: set[int] = set()
    for match in _CANDIDATE_ID.finditer(source.text):
        offset = match.start() + match.group().find(b"andidateI") - 1
        node = syntax.leaf(root, offset)
        function = syntax.function_of(node) or _handler(node) or root
        knows = _CONTACT_ID.search(function.text or b"") or b"opportunityId" in _line(source.text, offset)
        told = syntax.is_prose(node) or knows or function.id in reported
        if not told and _of_delivery(context, node):
            reported.add(function.id)
            yield source.finding("LK307", offset, "candidateId")


def _of_delivery(context: Context, node: Node) -> bool:
    """Return True if a node is about a delivery of Lever: by what is read of it, its file, or names near."""
    evidence, text = context.evidence, context.source.text
    if evidence.others or not (evidence.about or evidence.imports):
        near = attribution.lever_by_nearest_name(text, syntax.statement(node), node.start_byte)
        return near or (not evidence.others and all(re.search(rb"\b%s\b" % word, text) for word in _SIGNED))
    return True


def _handler(node: Node) -> Node | None:
    """Return the outermost function around a node, such as a callback of `app.post`."""
    functions = [step for step in syntax.ancestors(node) if step.type in grammar.FUNCTIONS | grammar.BLOCKS]
    return functions[-1] if functions else None


def _line(text: bytes, offset: int) -> bytes:
    end = text.find(b"\n", offset)
    return text[text.rfind(b"\n", 0, offset) + 1 : end if end >= 0 else len(text)]
