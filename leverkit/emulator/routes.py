"""The table of everything the emulator serves under /v1: it dispatches, and describes itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from leverkit.emulator import lookups, reads, writes
from leverkit.emulator.answers import Answer, Failure, no_such_path
from leverkit.emulator.request import Request

Handler = Callable[[Request], Answer]


@dataclass(frozen=True)
class Route:
    """One method on one path; `scope` is the permission it needs (section 1.3)."""

    method: str
    path: str
    scope: str
    handler: Handler


def _twins(*rows: tuple[str, str, str, Handler]) -> list[Route]:
    """Return routes under /opportunities and their deprecated twins under /candidates (section 4)."""
    return [
        Route(method, root + rest, f"opportunities:{access}:admin", handler)
        for root in ("/opportunities", "/candidates")
        for method, rest, access, handler in rows
    ]


ROUTES: list[Route] = [
    *_twins(
        ("GET", "", "read", reads.opportunities),
        ("GET", "/:id", "read", reads.opportunity),
        ("POST", "/:id/addTags", "write", writes.add_tags),
        ("POST", "/:id/removeTags", "write", writes.remove_tags),
    ),
    Route("GET", "/opportunities/deleted", "opportunities:read:admin", reads.deleted),
    Route("GET", "/tags", "tags:read:admin", lookups.tags),
    Route("GET", "/sources", "sources:read:admin", lookups.sources),
    Route("GET", "/stages", "stages:read:admin", lookups.stages),
    Route("GET", "/stages/:id", "stages:read:admin", lookups.stage),
    Route("GET", "/disposition_stages", "stages:read:admin", lookups.disposition_stages),
    Route("GET", "/archive_reasons", "archive_reasons:read:admin", lookups.archive_reasons),
    Route("GET", "/archive_reasons/:id", "archive_reasons:read:admin", lookups.archive_reason),
    Route("GET", "/postings", "postings:read:admin", lookups.postings),
    Route("GET", "/postings/:id", "postings:read:admin", lookups.posting),
    Route("GET", "/users", "users:read:admin", lookups.users),
    Route("GET", "/users/:id", "users:read:admin", lookups.user),
    Route("GET", "/contacts/:id", "contact:read:admin", lookups.contact),
]


class Table:
    """Finds the route of a request: a literal part of a path goes before an id."""

    def __init__(self, routes: list[Route]) -> None:
        self._by_length: dict[int, list[tuple[list[str], Route]]] = {}
        for route in sorted(routes, key=lambda route: route.path.count(":")):
            parts = route.path.split("/")[1:]
            self._by_length.setdefault(len(parts), []).append((parts, route))

    def find(self, method: str, path: str) -> tuple[Route, list[str]]:
        """Return the route and the ids in the path. Raises Failure 404 or 405."""
        parts = path.split("/")[1:]
        known = False
        for template, route in self._by_length.get(len(parts), ()):
            if all(name == part or name[0] == ":" for name, part in zip(template, parts, strict=True)):
                if route.method == method:
                    return route, [part for name, part in zip(template, parts, strict=True) if name[0] == ":"]
                known = True
        if known:
            raise Failure(405, "MethodNotAllowedError", f"{method} is not allowed")
        raise no_such_path(f"/v1{path}")
