"""The table of all routes under /v1. It dispatches requests and gives the OpenAPI description."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from leverkit.emulator.account import filters
from leverkit.emulator.endpoints import (
    applications,
    children,
    creation,
    crud,
    files,
    lookups,
    opportunities,
    opportunity_writes,
    postings,
    webhooks,
)
from leverkit.emulator.http.request import Request
from leverkit.emulator.response import RequestError, Response, no_such_path

Handler = Callable[[Request], Response]
PAGING = ("limit", "offset")
SHOWING = ("include", "expand")
PERFORM = ("perform_as",)
LISTING = (*PAGING, *SHOWING, *filters.UNIONS, *filters.TIMES, *filters.FLAGS, "confidentiality", "email")
DELETED = (*PAGING, "deleted_at_start", "deleted_at_end")
PERIOD = ("created_at_start", "created_at_end", "updated_at_start", "updated_at_end")
CREATED = (*PAGING, *PERIOD[:2])
OF_POSTINGS = ("state", "tag", "confidentiality", "group", "distribution")
POSTINGS = (*PAGING, *SHOWING, *postings.FIELDS, *OF_POSTINGS)


@dataclass(frozen=True)
class Route:
    """One method on one path. `scope` is the permission it needs (section 1.3), `params` its query.

    `data` names the schema of the response's `data`, a list of it where `is_page`; `body` names that of the
    request. `status` is that of a success.
    """

    method: str
    path: str
    scope: str
    handler: Handler
    params: tuple[str, ...] = ()
    data: str = "Object"
    is_page: bool = False
    body: str | None = None
    status: int = 200


def _get(path: str, scope: str, handler: Handler, data: str, params: tuple[str, ...] = ()) -> Route:
    return Route("GET", path, f"{scope}:read:admin", handler, params, data)


def _list(path: str, scope: str, handler: Handler, data: str, params: tuple[str, ...] = PAGING) -> Route:
    return Route("GET", path, f"{scope}:read:admin", handler, params, data, is_page=True)


def _write_route(path: str, handler: Handler, body: str, *, method: str = "POST", status: int = 200) -> Route:
    data = "Note" if path.endswith("notes") else "Mutated"
    scope = "notes:write:admin" if path.endswith("notes") else "opportunities:write:admin"
    return Route(method, path, scope, handler, PERFORM, data, body=body, status=status)


def _opportunity_routes(root: str) -> list[Route]:
    """Return the routes of opportunities, which /candidates has as well (section 4)."""
    item = f"{root}/:id"
    own = [
        _list(root, "opportunities", opportunities.opportunities, "Opportunity", LISTING),
        _get(item, "opportunities", opportunities.opportunity, "Opportunity", SHOWING),
        _write_route(f"{item}/addTags", opportunity_writes.add_tags, "Tags"),
        _write_route(f"{item}/removeTags", opportunity_writes.remove_tags, "Tags"),
        _write_route(f"{item}/addSources", opportunity_writes.add_sources, "Sources"),
        _write_route(f"{item}/removeSources", opportunity_writes.remove_sources, "Sources"),
        _write_route(f"{item}/addLinks", opportunity_writes.add_links, "Links"),
        _write_route(f"{item}/removeLinks", opportunity_writes.remove_links, "Links"),
        _write_route(f"{item}/stage", opportunity_writes.set_stage, "Stage", method="PUT"),
        _write_route(f"{item}/archived", opportunity_writes.set_archived, "Archived", method="PUT"),
        _write_route(f"{item}/notes", opportunity_writes.add_note, "Note", status=201),
        _write_route(f"{item}/addPostings", creation.add_postings, "Postings"),
    ]
    for kind in children.KINDS:
        own += _child_routes(f"{item}/{kind}", kind)
    return own


DOWNLOADS = ("files", "resumes", "offers")


def _child_routes(path: str, kind: str) -> list[Route]:
    """Return the routes of one kind of object under an opportunity."""
    scope, item_path = {"file_actions": "files", "panels": "interviews"}.get(kind, kind), f"{path}/:other"
    routes = [
        _list(path, scope, children.listing(kind), "Object", (*PAGING, *SHOWING)),
    ]
    if kind != "file_actions":
        routes.append(_get(item_path, scope, children.single(kind), "Object", SHOWING))
    if kind in DOWNLOADS:
        routes.append(_get(f"{item_path}/download", scope, files.download(kind), "Bytes"))
    if kind not in crud.KINDS:
        return routes
    write = f"{scope}:write:admin"
    if kind == "files":
        attached = Route("POST", path, write, files.attach, PERFORM, body="File", status=201)
        return [
            *routes,
            attached,
            Route("DELETE", item_path, write, crud.delete_child(kind), PERFORM, "", status=204),
        ]
    if kind != "notes":
        routes.append(Route("POST", path, write, crud.create_child(kind), PERFORM, body="Any", status=201))
    routes.append(Route("PUT", item_path, write, crud.update_child(kind), PERFORM, body="Any"))
    routes.append(Route("DELETE", item_path, write, crud.delete_child(kind), PERFORM, "", status=204))
    return routes


def _create_route(root: str, handler: Handler) -> Route:
    params = (*PERFORM, "perform_as_posting_owner", "parse", "dedupe")
    return Route(
        "POST", root, "opportunities:write:admin", handler, params, "Created", body="New", status=201
    )


def _stored_list_routes(name: str, scope: str, params: tuple[str, ...] = PAGING) -> list[Route]:
    key = "text" if name == "feedback_templates" else "createdAt"
    item_path, write = f"/{name}/:id", f"{scope}:write:admin"
    routes = [
        _list(f"/{name}", scope, lookups.stored_list(name, key), "Object", params),
        _get(item_path, scope, lookups.stored_item(name), "Object"),
    ]
    if name in crud.LISTS:
        routes += [
            Route("POST", f"/{name}", write, crud.create(name), PERFORM, body="Any", status=201),
            Route("PUT", item_path, write, crud.update(name), PERFORM, body="Any"),
            Route("DELETE", item_path, write, crud.delete(name), PERFORM, "", status=204),
        ]
    return routes


def _user_routes() -> list[Route]:
    params = (*PAGING, "email", "accessRole", "includeDeactivated", "external_directory_id")
    item_path, write = "/users/:id", "users:write:admin"
    return [
        _list("/users", "users", lookups.users, "User", params),
        _get(item_path, "users", lookups.user, "User"),
        Route("POST", "/users", write, crud.create_user, (), "User", body="User", status=201),
        Route("PUT", item_path, write, crud.update_user, (), "User", body="User"),
        Route("POST", f"{item_path}/deactivate", write, crud.deactivate_user, (), "User"),
        Route("POST", f"{item_path}/reactivate", write, crud.reactivate_user, (), "User"),
    ]


def _application_routes() -> list[Route]:
    write, form = "postings:write:admin", "/postings/:id/apply"
    return [
        Route(
            "POST", "/postings", write, applications.create, PERFORM, "Posting", body="NewPosting", status=201
        ),
        _get(form, "postings", applications.questions, "Object", ("location", "distribution")),
        Route(
            "POST",
            form,
            write,
            applications.apply,
            ("send_confirmation_email",),
            body="Application",
            status=201,
        ),
        Route("POST", "/uploads", "uploads:write:admin", files.upload, (), body="File", status=201),
        Route(
            "GET",
            "/surveys/diversity/:id",
            "diversity_surveys:read:admin",
            applications.surveys,
            ("country_code", "location"),
            data="Objects",
        ),
    ]


CANDIDATES = [*_opportunity_routes("/candidates"), _create_route("/candidates", creation.post_candidate)]
WEBHOOKS = [
    Route("GET", "/webhooks", "webhooks:read:admin", webhooks.listing, (), "Webhooks"),
    Route(
        "POST",
        "/webhooks",
        "webhooks:write:admin",
        webhooks.create,
        (),
        "Webhook",
        body="Webhook",
        status=201,
    ),
    Route("PUT", "/webhooks", "webhooks:write:admin", webhooks.update, (), "Webhooks", body="Webhooks"),
    Route("DELETE", "/webhooks/:id", "webhooks:write:admin", webhooks.delete, (), "", status=204),
]
ROUTES: list[Route] = [
    *_opportunity_routes("/opportunities"),
    _create_route("/opportunities", creation.post_opportunity),
    *CANDIDATES,
    _list("/opportunities/deleted", "opportunities", opportunities.deleted, "Opportunity", DELETED),
    _list("/applications/deleted", "applications", lookups.deleted_list("applications"), "Object", DELETED),
    _list("/postings/deleted", "postings", lookups.deleted_list("postings"), "Object", DELETED),
    _list("/tags", "tags", lookups.tags, "Count"),
    _list("/sources", "sources", lookups.sources, "Count"),
    _list("/stages", "stages", lookups.stages, "Stage"),
    _get("/stages/:id", "stages", lookups.stage, "Stage"),
    _get("/disposition_stages", "stages", lookups.disposition_stages, "Object"),
    _list("/archive_reasons", "archive_reasons", lookups.archive_reasons, "ArchiveReason", (*PAGING, "type")),
    _get("/archive_reasons/:id", "archive_reasons", lookups.archive_reason, "ArchiveReason"),
    _list("/postings", "postings", postings.listing, "Posting", (*POSTINGS, *PERIOD[2:])),
    _get("/postings/:id", "postings", postings.single, "Posting", SHOWING),
    Route(
        "POST",
        "/postings/:id",
        "postings:write:admin",
        postings.update,
        PERFORM,
        "Posting",
        body="PostingChange",
    ),
    *_user_routes(),
    *_application_routes(),
    _get("/eeo/responses", "eeo_responses", lookups.eeo_responses, "Object", CREATED),
    _get("/eeo/responses/pii", "eeo_responses_pii", lookups.eeo_responses, "Object", (*CREATED, "expand")),
    _get("/contacts/:id", "contact", lookups.contact, "Contact"),
    Route(
        "PUT",
        "/contacts/:id",
        "contact:write:admin",
        lookups.put_contact,
        (),
        "Contact",
        body="ContactChange",
    ),
    *_stored_list_routes(
        "requisitions", "requisitions", (*PAGING, *PERIOD, "status", "requisition_code", "confidentiality")
    ),
    *_stored_list_routes("requisition_fields", "requisition_fields"),
    *_stored_list_routes("feedback_templates", "feedback_templates", (*PAGING, *SHOWING)),
    *_stored_list_routes("form_templates", "form_templates", (*PAGING, *SHOWING)),
    *_stored_list_routes(
        "audit_events", "audit_events", (*PAGING, *PERIOD[:2], "type", "user_id", "target_type")
    ),
    *WEBHOOKS,
]


class Table:
    """Finds the route of a request. A literal part of a path goes before a variable one."""

    def __init__(self, routes: list[Route]) -> None:
        self._by_length: dict[int, list[tuple[list[str], Route]]] = {}
        for route in sorted(routes, key=lambda route: route.path.count(":")):
            parts = route.path.split("/")[1:]
            self._by_length.setdefault(len(parts), []).append((parts, route))

    def find(self, method: str, path: str) -> tuple[Route, list[str]]:
        """Return the route and the ids in the path. Raises RequestError 404 or 405."""
        parts = path.split("/")[1:]
        known = False
        for template, route in self._by_length.get(len(parts), ()):
            if all(name == part or name[0] == ":" for name, part in zip(template, parts, strict=True)):
                if route.method == method:
                    return route, [part for name, part in zip(template, parts, strict=True) if name[0] == ":"]
                known = True
        if known:
            raise RequestError(405, "MethodNotAllowedError", f"{method} is not allowed")
        raise no_such_path(f"/v1{path}")
