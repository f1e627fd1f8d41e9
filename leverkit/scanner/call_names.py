"""What a call does, by its name: send a request, serve one, print, navigate or store."""

from __future__ import annotations

import re

from leverkit.scanner.grammar import word_set

_VERBS = word_set("verbs")
_SERVERS = word_set("servers")
_NOT_SENT = word_set("not_sent")
_STORES = re.compile(r"^(?:update|create|insert|where|find_by|assign|save)(?:_\w+|All|One|Many)?$")
_CLIENTS = word_set("clients")
_SENDS = re.compile(
    r"^_*(?:do|exec|new|http|wget|xhr|open|fetch|iter\w*|load\w*|pull\w*|sync\w*|read\w*"
    r"|\w*(?:get|post|put|patch|delete|request|fetch|call|send|paginat|list|download|api|query|url|uri"
    r"|endpoint|curl)\w*)$",
    re.IGNORECASE,
)
_HTTP = re.compile(
    r"(?:Get|Post|Put|Patch|Delete)\w*Async|(?:get|post|put|patch)For(?:Object|Entity|Location)"
)
_OWN_APP = re.compile(r"request\(\w*(?:[aA]pp|[sS]erver)\w*(?:\.\w+\(\))?\)\.\w+$")
_PATH_NAME = re.compile(r"(?:path|url|uri|endpoint|route)s?$", re.IGNORECASE)


def serves(callee: str) -> bool:
    """Return True if a call declares a route, or calls the project's own application in a test."""
    *_, receiver, verb = ["", "", *re.findall(r"\w+", callee)]
    routed = receiver in _SERVERS or receiver.lower().endswith("router") or receiver == "Route"
    return bool(_OWN_APP.search(callee)) or (routed and verb.lower() in _VERBS)


def sends_nothing(callee: str) -> bool:
    """Return True if a call prints, navigates, imports, compares or declares."""
    *_, receiver, verb = ["", "", *re.findall(r"\w+", callee)]
    return verb in _NOT_SENT or receiver in ("console", "logger")


def runs_shell(callee: str) -> bool:
    """Return True if a call runs a command: `os.system`, `subprocess.run`, `execSync`, `shell_exec`."""
    return bool(re.search(r"\b(?:system|shell_exec|popen|Popen|exec(?:Sync)?|subprocess\.\w+)$", callee))


def appends(callee: str) -> bool:
    """Return True if a call lengthens a string that is being built: `new StringBuilder("/notes").append`."""
    return bool(re.match(r"new StringBuilder\b.*\.[aA]ppend$", callee, re.DOTALL))


def stores(callee: str) -> bool:
    """Return True if a call changes a record of the project itself."""
    called = re.findall(r"\w+", callee)
    return bool(called) and _STORES.match(called[-1]) is not None


def sends(callee: str, *, path_is_plain: bool) -> bool:
    """Return True if a call sends a request; the receiver of `get("candidates")` must be a client."""
    called = re.findall(r"\w+", callee)
    if not called or not _SENDS.match(called[-1]):
        return False
    plain = path_is_plain and not _HTTP.fullmatch(called[-1])
    return len(called) < 2 or not plain or _is_client(called[-2])


def _is_client(name: str) -> bool:
    last = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().split("_")[-1]
    return last in _CLIENTS or "request" in last


def names_path(name: str) -> bool:
    """Return True if the name of a variable, option or function means a path."""
    return _PATH_NAME.search(name) is not None
