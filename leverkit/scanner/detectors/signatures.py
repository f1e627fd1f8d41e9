"""Findings about signatures of webhooks: a header that Lever does not send, a hash over the wrong bytes.

Lever signs `token`, then `triggeredAt` in decimal digits, both from the body, and nothing else. What is
hashed counts, however it is called and wherever it stands; variables and parameters are followed to their
values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from leverkit.scanner import attribution, grammar, syntax
from leverkit.scanner.context import Context
from leverkit.scanner.rules import Finding
from leverkit.scanner.values import ValueTracer

if TYPE_CHECKING:
    from tree_sitter import Node

EVENTS = re.compile(
    rb"candidateStageChange|candidateArchiveChange|candidateHired|candidateDeleted|applicationCreated|triggeredAt"
)
_HEADER = re.compile(
    rb"(?<![a-z])(?:(?:x[-_]|http_)lever[-_]|lever-)(?:webhook[-_])?signature(?![-_]?(?:token|key|secret))",
    re.IGNORECASE,
)
_WORDS = 6  # in a literal that is a header, with its value, and no sentence about one
_HMAC = re.compile(
    rb"createHmac(?=\s*\()|hmac\.(?:new|New|digest|HMAC)(?=\s*\()|HMAC\.(?:hex|base64)?digest|HMAC\.new"
    rb"|hash_hmac(?=\s*\()|HMACSHA256(?=\s*\()|HMACSHA256\.HashData|Mac\.getInstance|new HmacUtils"
    rb"|subtle\.sign|openssl(?=\s+dgst[^|\n]*-hmac)"
)
_MESSAGE_AT = {"new": 1, "digest": 1, "HMAC": 1, "hash_hmac": 1, "HashData": 1, "sign": 2}
_HEXDIGEST_AT = 2
_FEEDS = grammar.word_set("feeds")
_TOKEN = re.compile(r"token", re.IGNORECASE)
_TIME = re.compile(r"triggered_?at", re.IGNORECASE)
_WHOLE = re.compile(
    r"^(?:.*\b)?(?:raw_?\w*|\w*body(?:_?str|_?bytes|_?text)?|stringify|dumps|to_json|json_encode|get_data|req(?:uest)?"
    r"|getInputStream|ReadAll|file_get_contents)\W*$",
    re.IGNORECASE,
)
_VAGUE = re.compile(r"^\W*(?:payload|data|message|content|input|text|string|value|msg)\W*$", re.IGNORECASE)


def findings(context: Context) -> Iterator[Finding]:
    """Yield at most one finding for each function: its header, or else what it hashes."""
    reported: set[int] = set()
    for offset, detail in (*_headers(context), *_hashes(context)):
        node = syntax.leaf(context.root, offset)
        function = syntax.function_of(node) or context.root
        if function.id not in reported:
            reported.add(function.id)
            yield context.source.finding("LK308", offset, detail)


def _headers(context: Context) -> Iterator[tuple[int, str]]:
    if not context.evidence.named:
        return
    for match in _HEADER.finditer(context.source.text):
        node = syntax.leaf(context.root, match.start())
        is_name = syntax.is_string(node) and len(syntax.text(node).split()) <= _WORDS
        if not syntax.is_prose(node) and (is_name or _is_header_parameter(node)):
            yield match.start(), match.group().decode()


def _is_header_parameter(node: Node) -> bool:
    """Return True for `x_lever_signature: str = Header(None)`, whose name is that of the header."""
    parameter = next((step for step in syntax.ancestors(node) if step.type in grammar.DEFINITIONS), None)
    return parameter is not None and "Header(" in syntax.text(syntax.value_of(parameter))


def _hashes(context: Context) -> Iterator[tuple[int, str]]:
    tracer = ValueTracer(context.folder)
    for match in _HMAC.finditer(context.source.text):
        node = syntax.leaf(context.root, match.start())
        call = _call_named(node, match.end())
        if call is None or syntax.is_prose(node) or not _is_levers(context, call):
            continue
        parts = [atom for part in _message(context, call) for atom in tracer.atoms(part)]
        if reason := _wrong(parts, explicit=_named_lever(call) is True):
            yield match.start(), reason


def _call_named(node: Node, end: int) -> Node | None:
    """Return the call whose name ends at an offset."""
    for step in (node, *syntax.ancestors(node)):
        if step.type in grammar.CALLS and step.end_byte > end:
            return step
    return None


def _wrong(atoms: list[str], *, explicit: bool) -> str:
    """Return what is wrong with the parts of a message, '' if they are right or cannot be told.

    Vague names, such as `payload`, count only where the code around names Lever (`explicit`).
    """
    token = next((i for i, atom in enumerate(atoms) if _TOKEN.search(atom)), None)
    time = next((i for i, atom in enumerate(atoms) if _TIME.search(atom)), None)
    if time is not None:
        return "" if token is not None and token < time else "HMAC over triggeredAt before token"
    if any(_WHOLE.match(atom) or (explicit and _VAGUE.match(atom)) for atom in atoms):
        return "HMAC over the body instead of token + triggeredAt"
    return "HMAC without triggeredAt" if token is not None and len(atoms) == 1 else ""


def _is_levers(context: Context, call: Node) -> bool:
    """Return True if a hash is for Lever: by the names around it, its key, or the events in its file."""
    if (named := _named_lever(call)) is not None:
        return named
    if (by_key := attribution.lever_by_names(_key(context, call))) is not None:
        return by_key
    evidence = context.evidence
    if evidence.others or not EVENTS.search(context.source.text):
        return False
    near = attribution.lever_by_nearest_name(context.source.text, syntax.statement(call), call.start_byte)
    return evidence.about or evidence.imports or near


def _key(context: Context, call: Node) -> str:
    """Return the text of a hash's arguments and of the variables among them, which names the key."""
    arguments = syntax.arguments(call)
    values = (context.folder.definition(syntax.last_word(syntax.text(arg)), call) for arg in arguments)
    return " ".join(syntax.text(node)[:200] for node in (*arguments, *values) if node is not None)


def _named_lever(call: Node) -> bool | None:
    around = (
        named for names in syntax.scope(call) if (named := attribution.lever_by_names(names)) is not None
    )
    return next(around, None)


def _message(context: Context, call: Node) -> list[Node]:
    """Return the nodes that are hashed, in order: arguments, chained updates, and updates by name."""
    if call.type == "command":
        return _piped(call)
    return [*_argument(call), *_chained(call), *_fed(context, call)]


def _argument(call: Node) -> list[Node]:
    verb = syntax.last_word(syntax.callee(call).split("(")[-1])
    arguments = syntax.arguments(call)
    named = [
        syntax.value_of(arg)
        for arg in arguments
        if arg.type in grammar.ENTRIES and syntax.name_of(arg) == "msg"
    ]
    if "HMAC" in syntax.callee(call) and verb.endswith("digest"):
        at = _HEXDIGEST_AT
    else:
        at = _MESSAGE_AT.get(verb, len(arguments))
    plain = [arg for arg in arguments if arg.type not in grammar.ENTRIES]
    return [node for node in (*named, *plain[at : at + 1]) if node is not None]


def _chained(call: Node) -> list[Node]:
    """Return what `createHmac(…).update(a).update(b)` hashes."""
    parts = []
    for step in syntax.ancestors(call):
        if step.start_byte > call.start_byte or step.type in grammar.FUNCTIONS:
            break
        if step.type in grammar.CALLS and step.start_byte == call.start_byte and _verb(step) in _FEEDS:
            parts += syntax.arguments(step)[:1]
    return parts


def _fed(context: Context, call: Node) -> list[Node]:
    """Return what is written to the variable of a hash: `mac.update(a)`, `mac.Write(a)`, `mac << a`."""
    holder = next((step for step in syntax.ancestors(call) if step.type in grammar.DEFINITIONS), None)
    name = syntax.name_of(holder) if holder is not None else ""
    if not name:
        return []
    home = syntax.function_of(call) or context.root
    parts = []
    for use in re.finditer(rb"(?<!\w)" + re.escape(name.encode()) + rb"(?!\w)", home.text or b""):
        node = syntax.leaf(context.root, home.start_byte + use.start())
        feed = next(
            (step for step in syntax.ancestors(node) if step.type in grammar.CALLS | grammar.BINARY), None
        )
        if feed is not None and feed.start_byte > call.end_byte:
            parts += _fed_by(feed, name)
    return parts


def _fed_by(feed: Node, name: str) -> list[Node]:
    if feed.type in grammar.BINARY:
        right = feed.child_by_field_name("right")
        return [right] if right is not None and b"<<" in (feed.text or b"") else []
    arguments = syntax.arguments(feed)
    if _verb(feed) not in _FEEDS:
        return []
    return [arg for arg in arguments if syntax.text(arg) != name]


def _piped(command: Node) -> list[Node]:
    """Return what a shell pipes into `openssl dgst -hmac`."""
    parent = command.parent
    if parent is None or parent.type != "pipeline":
        return []
    before = [step for step in parent.named_children if step.end_byte <= command.start_byte]
    return [arg for step in before[-1:] if step.type == "command" for arg in syntax.arguments(step)]


def _verb(call: Node) -> str:
    return syntax.last_word(syntax.callee(call).rsplit(")", 1)[-1])
