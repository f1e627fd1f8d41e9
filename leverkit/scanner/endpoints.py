"""Endpoints: paths of Lever's API, their HTTP methods, and the rule that they break.

A template (see `constant_folding`) becomes an `Endpoint`; that and a method become a code of `rules.RULES`.
"""

from __future__ import annotations

import re
from dataclasses import astuple, dataclass

from leverkit.scanner.grammar import word_set

_TAGS = word_set("tags")
_WRITES = word_set("writes")
_READS = word_set("reads")
_NOT_IDS = word_set("not_ids")
_ID = re.compile(r"^(?:.*\{.*\}.*|[:$]?[\w-]+|<[^>]+>)$")
_HOLE = re.compile(r"\{[^{}]*\}")
_PLACEHOLDER = re.compile(
    r"\$?\{\{.*?\}\}|<%[=-]?.*?%>|\$\([^()]*\)"  # {{ id }}, ${{ id }}, <%= id %>, $(ID)
    r"|%[A-Za-z_]\w+%|%\(\w+\)[a-z]|%<\w+>[a-z]?|%\{\w+\}|%\d+\$[a-z]|%[-+ #0]*\d*(?:\.\d+)?[sdvqxi@]"
)
_HOST = re.compile(r"^(?:(?:https?:)?//|callout:)[^/]+")
# `notes{query}` is notes; `add{type}` is itself
_QUERY = re.compile(r"(?<=[a-zA-Z])(?<!/add)(?<!/remove)(?<!/update)\{[^{}]*\}$")
_LEADING_HOLES = re.compile(r"^(?:\{[^{}]*\})+")
_BASE_SEGMENT = re.compile(r"^(?:v\d+|proxy|lever|\{[^{}]*\}.*)$")
_METHOD = re.compile(r"(?<![a-z])(get|post|put|patch|delete)(?![a-z])")
_QUOTED = re.compile(
    r"[\"':.]\s*(GET|POST|PUT|PATCH|DELETE)\b|Method\.?(Get|Post|Put|Patch|Delete)\b"
    r"|-X\s*(\w+)|--request[ =](\w+)"
)
_NAMED = re.compile(
    r"\bmethod\w*[\"']?\s*(?:=>|[:=])\s*[\"':]?(?:\w+\.)*(get|post|put|patch|delete)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Endpoint:
    """A path of Lever's API: resource, whether an id follows, the action on it, and the base before it."""

    resource: str
    item: bool
    action: str
    base: str

    @property
    def relative(self) -> bool:
        """Return True if the path has no base: neither a host nor a variable."""
        return not self.base

    def same_as(self, other: Endpoint | None) -> bool:
        """Return True if another path is the same endpoint, whatever its base, ids and query."""
        return other is not None and astuple(self)[:3] == astuple(other)[:3]


def parse_endpoint(template: str) -> Endpoint | None:
    """Return the endpoint of `…/candidates[/:id[/action]]` or `…/opportunities…`, None for another one.

    Placeholders of format strings and templates (`%s`, `%(id)s`, `{{ id }}`) count as ids.
    """
    written = _PLACEHOLDER.sub("{}", template.strip().removeprefix("="))  # n8n marks an expression by "="
    path = re.split(r"[?#]", written, maxsplit=1)[0]
    start = _HOST.match(path) or _LEADING_HOLES.match(path)
    base = start.group() if start else ""
    rest = _QUERY.sub("", path[len(base) :])
    segments = [part for part in rest.split("/") if part]
    at = next((i for i, part in enumerate(segments) if part in ("candidates", "opportunities")), -1)
    if re.search(r"\s", path) or at < 0 or not all(map(_BASE_SEGMENT.match, segments[:at])):
        return None
    item, action, *more = [*segments[at + 1 :], "", ""]
    if len(more) > 3 or (item and (item in _NOT_IDS or not _ID.match(item))):
        return Endpoint(segments[at], True, "?", base) if _HOST.match(base) else None
    return Endpoint(segments[at], bool(item), action, base)


def is_missing(found: Endpoint) -> bool:
    """Return True for /opportunities/:id/tags, which Lever does not have; tags change by addTags, removeTags.

    Source: https://hire.lever.co/developer/documentation, "Opportunities".
    """
    return found.resource == "opportunities" and found.item and found.action == "tags"


def is_known_action(action: str) -> bool:
    """Return True if an action under /candidates/:id is one that Lever had."""
    word = action.lower()
    return not word or word in _WRITES | _TAGS | _READS or bool(_HOLE.search(word))


def writes_tags(action: str) -> bool:
    """Return True if an action adds or removes tags, also if its end is a placeholder, as in `add{type}`."""
    return action.lower() in _TAGS or bool(
        re.match(r"^(add|remove|update)?\{[^}]*(tag|type|action|kind)", action, re.IGNORECASE)
    )


def rule_code(found: Endpoint, method: str, where: str) -> str:
    """Return the code for a /candidates endpoint; `where` is the name of the enclosing function."""
    if writes_tags(found.action) or (found.action == "tags" and method not in ("", "get")):
        return "LK301"
    if found.action.lower() in _WRITES:
        return "LK302"
    if not found.item:
        creates = method == "post" or (
            not method and re.search(r"create|add|push|submit|export|send|upsert", where, re.IGNORECASE)
        )
        return "LK304" if creates else "LK303"
    return "LK302" if method in ("post", "put", "patch", "delete") else "LK303"


def snake_case(word: str) -> str:
    """Return `add_tags` for `addTags`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word).lower()


def method_in_name(callee: str) -> str:
    """Return the HTTP method in a callee or '': `requests.post`, `PostAsync`, `Net::HTTP::Put.new`."""
    tail = re.split(r"[.:>]+", callee.rsplit(")", 1)[-1])[-2:]
    for word in (tail[-1], tail[0]):
        if match := _METHOD.search(snake_case(word)):
            return match.group(1)
    return ""


def method_in_text(arguments: str) -> str:
    """Return the HTTP method in arguments or '': `"POST"`, `method: 'post'`, `http.MethodPost`, `-X POST`."""
    if match := _NAMED.search(arguments):
        return match.group(1).lower()
    match = _QUOTED.search(arguments)
    return next((group.lower() for group in match.groups() if group), "") if match else ""


def only_tags(function: str, around: str) -> bool:
    """Return True if a creation only adds a tag: it sends tags and a person, and nothing of a candidacy."""
    fields = "postings?|posting_id|postingId|name|headline|resume|stage|phones?|origin"
    candidacy = re.search(rf"[\"':\s](?:{fields})[\"']?\s*(?:[:=]|=>)", around)
    tags = re.search(r"\btags\b", around)
    person = re.search(r"[\"':\s{]contact[\"']?\s*(?:[:=]|=>)", around) or re.search(
        "tag", function, re.IGNORECASE
    )
    return bool(tags and person and not candidacy)


def method_and_path(method: str, template: str) -> str:
    """Return method and path as a finding shows them: no query, no credentials, at most 160 characters."""
    path = re.sub(r"//[^/@]*@", "//", template.split("?")[0])
    return f"{method.upper()} {path}".strip()[:160]
