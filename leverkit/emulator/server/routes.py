"""The table of all routes under /v1. It dispatches requests and gives the OpenAPI description."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from leverkit.emulator.account import filters
from leverkit.emulator.endpoints import (
    applications,
    children,
    creation,
    crud,
    field_options,
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
CREATING = (*PERFORM, "perform_as_posting_owner", "parse", "dedupe")
LISTING = (*PAGING, *SHOWING, *filters.UNIONS, *filters.TIMES, *filters.FLAGS, "confidentiality", "email")
DELETED = (*PAGING, "deleted_at_start", "deleted_at_end")
PERIOD = ("created_at_start", "created_at_end", "updated_at_start", "updated_at_end")
CREATED = (*PAGING, *PERIOD[:2])
OF_POSTINGS = ("state", "tag", "confidentiality", "group", "distribution")
POSTINGS = (*PAGING, *SHOWING, *postings.FIELDS, *OF_POSTINGS, *PERIOD[2:])
REASONS = (*PAGING, "type")


@dataclass(frozen=True)
class Route:
    """One method on one path. `permission` is what it is about, `params` its query.

    `data` names the schema of the response's `data`, a list of it where `is_page`; `body` names that of the
    request. `status` is that of a success.
    """

    method: str
    path: str
    permission: str
    handler: Handler
    data: str = "Object"
    params: tuple[str, ...] = ()
    body: str | None = None
    is_page: bool = False
    status: int = 200

    @property
    def scope(self) -> str:
        """Return the permission that a key needs (section 1.3)."""
        return f"{self.permission}:{'read' if self.method == 'GET' else 'write'}:admin"


_get = partial(Route, "GET")
_list = partial(Route, "GET", params=PAGING, is_page=True)
_create = partial(Route, "POST", params=PERFORM, status=201)
_act = partial(Route, "POST", params=PERFORM)
_update = partial(Route, "PUT", params=PERFORM)
_delete = partial(Route, "DELETE", data="", params=PERFORM, status=204)


def _change(path: str, handler: Handler, body: str, *, method: str = "POST") -> Route:
    return Route(method, path, "opportunities", handler, "Mutated", PERFORM, body)


def _opportunity_routes(root: str, create: Handler) -> list[Route]:
    """Return the routes of opportunities, which /candidates has as well (section 4)."""
    item = f"{root}/:id"
    own = [
        _list(root, "opportunities", opportunities.opportunities, "Opportunity", params=LISTING),
        _get(item, "opportunities", opportunities.opportunity, "Opportunity", SHOWING),
        _change(f"{item}/addTags", opportunity_writes.add_tags, "Tags"),
        _change(f"{item}/removeTags", opportunity_writes.remove_tags, "Tags"),
        _change(f"{item}/addSources", opportunity_writes.add_sources, "Sources"),
        _change(f"{item}/removeSources", opportunity_writes.remove_sources, "Sources"),
        _change(f"{item}/addLinks", opportunity_writes.add_links, "Links"),
        _change(f"{item}/removeLinks", opportunity_writes.remove_links, "Links"),
        _change(f"{item}/stage", opportunity_writes.set_stage, "Stage", method="PUT"),
        _change(f"{item}/archived", opportunity_writes.set_archived, "Archived", method="PUT"),
        _create(f"{item}/notes", "notes", opportunity_writes.add_note, "Note", body="Note"),
        _change(f"{item}/addPostings", creation.add_postings, "Postings"),
        _create(root, "opportunities", create, "Created", params=CREATING, body="New"),
    ]
    for kind in children.KINDS:
        own += _child_routes(f"{item}/{kind}", kind)
    return own


DOWNLOADS = ("files", "resumes", "offers")


def _child_routes(path: str, kind: str) -> list[Route]:
    """Return the routes of one kind of object under an opportunity."""
    scope, item_path = {"file_actions": "files", "panels": "interviews"}.get(kind, kind), f"{path}/:other"
    routes = [_list(path, scope, partial(children.listing, kind), params=(*PAGING, *SHOWING))]
    if kind != "file_actions":
        routes.append(_get(item_path, scope, partial(children.single, kind), params=SHOWING))
    if kind in DOWNLOADS:
        routes.append(_get(f"{item_path}/download", scope, partial(files.download, kind), "Bytes"))
    if kind not in crud.KINDS:
        return routes
    if kind == "files":
        routes.append(_create(path, scope, files.attach, body="File"))
    else:
        if kind != "notes":
            routes.append(_create(path, scope, partial(crud.create_child, kind), body="Any"))
        routes.append(_update(item_path, scope, partial(crud.update, kind), body="Any"))
    return [*routes, _delete(item_path, scope, partial(crud.delete, kind))]


def _stored_list_routes(name: str, params: tuple[str, ...] = PAGING) -> list[Route]:
    key = "text" if name == "feedback_templates" else "createdAt"
    item_path = f"/{name}/:id"
    routes = [
        _list(f"/{name}", name, partial(lookups.stored_list, name, key), params=params),
        _get(item_path, name, partial(lookups.stored_item, name)),
    ]
    if name in crud.LISTS:
        routes += [
            _create(f"/{name}", name, partial(crud.create, name), body="Any"),
            _update(item_path, name, partial(crud.update, name), body="Any"),
            _delete(item_path, name, partial(crud.delete, name)),
        ]
    return routes


def _deleted_route(name: str) -> Route:
    return _list(f"/{name}/deleted", name, partial(lookups.deleted_list, name), params=DELETED)


def _user_routes() -> list[Route]:
    params = (*PAGING, "email", "accessRole", "includeDeactivated", "external_directory_id")
    item = "/users/:id"
    return [
        _list("/users", "users", lookups.users, "User", params=params),
        _get(item, "users", lookups.user, "User"),
        _create("/users", "users", crud.create_user, "User", params=(), body="User"),
        _update(item, "users", crud.update_user, "User", params=(), body="User"),
        _act(f"{item}/deactivate", "users", crud.deactivate_user, "User", params=()),
        _act(f"{item}/reactivate", "users", crud.reactivate_user, "User", params=()),
    ]


def _application_routes() -> list[Route]:
    form, survey = "/postings/:id/apply", ("country_code", "location")
    sending = ("send_confirmation_email",)
    return [
        _create("/postings", "postings", applications.create, "Posting", body="NewPosting"),
        _get(form, "postings", applications.questions, params=("location", "distribution")),
        _create(form, "postings", applications.apply, body="Application", params=sending),
        _create("/uploads", "uploads", files.upload, body="File", params=()),
        _get("/surveys/diversity/:id", "diversity_surveys", applications.surveys, "Objects", survey),
    ]


def _option_routes() -> list[Route]:
    path, scope = "/requisition_fields/:id/options", "requisition_fields"
    return [
        _create(path, scope, field_options.add, body="Options"),
        _update(path, scope, field_options.update, body="OptionTexts"),
        _delete(path, scope, field_options.delete, body="OptionIds"),
    ]


CANDIDATES = _opportunity_routes("/candidates", creation.post_candidate)
WEBHOOKS = [
    _get("/webhooks", "webhooks", webhooks.listing, "Webhooks"),
    _create("/webhooks", "webhooks", webhooks.create, "Webhook", params=(), body="Webhook"),
    _update("/webhooks", "webhooks", webhooks.update, "Webhooks", params=(), body="Webhooks"),
    _delete("/webhooks/:id", "webhooks", webhooks.delete, params=()),
]
REQUISITIONS = (*PAGING, *PERIOD, "status", "requisition_code", "confidentiality")
ROUTES: list[Route] = [
    *_opportunity_routes("/opportunities", creation.post_opportunity),
    *CANDIDATES,
    _list("/opportunities/deleted", "opportunities", opportunities.deleted, "Opportunity", params=DELETED),
    _deleted_route("applications"),
    _deleted_route("postings"),
    _list("/tags", "tags", lookups.tags, "Count"),
    _list("/sources", "sources", lookups.sources, "Count"),
    _list("/stages", "stages", lookups.stages, "Stage"),
    _get("/stages/:id", "stages", lookups.stage, "Stage"),
    _get("/disposition_stages", "stages", lookups.disposition_stages),
    _list("/archive_reasons", "archive_reasons", lookups.archive_reasons, "ArchiveReason", params=REASONS),
    _get("/archive_reasons/:id", "archive_reasons", lookups.archive_reason, "ArchiveReason"),
    _list("/postings", "postings", postings.listing, "Posting", params=POSTINGS),
    _get("/postings/:id", "postings", postings.single, "Posting", SHOWING),
    _act("/postings/:id", "postings", postings.update, "Posting", body="PostingChange"),
    *_user_routes(),
    *_application_routes(),
    _get("/eeo/responses", "eeo_responses", lookups.eeo_responses, params=CREATED),
    _get("/eeo/responses/pii", "eeo_responses_pii", lookups.eeo_responses, params=(*CREATED, "expand")),
    _get("/contacts/:id", "contact", lookups.contact, "Contact"),
    _update("/contacts/:id", "contact", lookups.put_contact, "Contact", params=(), body="ContactChange"),
    *_stored_list_routes("requisitions", REQUISITIONS),
    *_stored_list_routes("requisition_fields"),
    *_option_routes(),
    *_stored_list_routes("feedback_templates", (*PAGING, *SHOWING)),
    *_stored_list_routes("form_templates", (*PAGING, *SHOWING)),
    *_stored_list_routes("audit_events", (*CREATED, "type", "user_id", "target_type")),
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
            raise RequestError(405, f"{method} is not allowed", code="MethodNotAllowedError")
        raise no_such_path(f"/v1{path}")
