"""An OpenAPI description of what is served, made from the table that serves."""

from __future__ import annotations

import re
from typing import Any

from leverkit.emulator import filters
from leverkit.emulator.events import EVENTS
from leverkit.emulator.routes import ROUTES, Route

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
NULLABLE: Schema = {"type": ["string", "null"]}
TIME: Schema = {"type": "integer", "description": "milliseconds since epoch"}
NULL_TIME: Schema = {"type": ["integer", "null"]}
FLAG: Schema = {"type": "boolean"}
TEXTS: Schema = {"type": "array", "items": TEXT}
ANY: Schema = {"type": "object"}
OBJECTS: Schema = {"type": "array", "items": ANY}
ARCHIVED: Schema = {"type": ["object", "null"]}


def _object(properties: Schema, *, required: list[str] | None = None) -> Schema:
    return {"type": "object", "properties": properties, "required": required or []}


OPPORTUNITY: Schema = {
    "id": TEXT,
    "name": TEXT,
    "contact": {"type": ["string", "object"]},
    "headline": TEXT,
    "stage": {"type": ["string", "object"]},
    "confidentiality": {"enum": ["confidential", "non-confidential"]},
    "location": TEXT,
    "phones": OBJECTS,
    "emails": TEXTS,
    "links": TEXTS,
    "archived": ARCHIVED,
    "tags": TEXTS,
    "sources": TEXTS,
    "stageChanges": OBJECTS,
    "origin": NULLABLE,
    "sourcedBy": {"type": ["string", "object", "null"]},
    "owner": {"type": ["string", "object", "null"]},
    "followers": {"type": "array"},
    "applications": {"type": "array"},
    "createdAt": TIME,
    "updatedAt": NULL_TIME,
    "lastInteractionAt": TIME,
    "lastAdvancedAt": TIME,
    "snoozedUntil": NULL_TIME,
    "urls": ANY,
    "isAnonymized": FLAG,
    "dataProtection": {"type": ["object", "null"]},
    "opportunityLocation": TEXT,
    "deletedBy": NULLABLE,
    "deletedAt": TIME,
}
ANSWERS: dict[str, Schema] = {
    "Object": ANY,
    "Opportunity": _object(OPPORTUNITY),
    "Mutated": _object(OPPORTUNITY, required=["id", "contact", "tags", "stage"]),
    "Created": _object(OPPORTUNITY, required=["id", "contact", "tags", "stage"]),
    "Count": _object({"text": TEXT, "count": {"type": "integer"}}, required=["text", "count"]),
    "Stage": _object({"id": TEXT, "text": TEXT}, required=["id", "text"]),
    "ArchiveReason": _object(
        {"id": TEXT, "text": TEXT, "status": TEXT, "type": TEXT}, required=["id", "text"]
    ),
    "Posting": _object({"id": TEXT, "text": TEXT, "state": TEXT, "tags": TEXTS}),
    "User": _object({"id": TEXT, "name": TEXT, "email": NULLABLE}, required=["id"]),
    "Contact": _object({"id": TEXT, "name": TEXT, "emails": TEXTS, "phones": OBJECTS}, required=["id"]),
    "Note": _object({"id": TEXT, "text": TEXT, "fields": OBJECTS}, required=["id"]),
    "Webhook": ANY,
    "Webhooks": OBJECTS,
}
CONDITIONS: Schema = _object({"conditions": ANY, "verifyConnection": FLAG})
BODIES: dict[str, Schema] = {
    "Any": ANY,
    "User": _object({"name": TEXT, "email": TEXT, "accessRole": TEXT}),
    "Tags": _object({"tags": TEXTS}, required=["tags"]),
    "Sources": _object({"sources": TEXTS}, required=["sources"]),
    "Links": _object({"links": TEXTS}, required=["links"]),
    "Stage": _object({"stage": TEXT}, required=["stage"]),
    "Archived": _object({"reason": NULLABLE, "cleanInterviews": FLAG}, required=["reason"]),
    "Note": _object({"value": TEXT}, required=["value"]),
    "Postings": _object({"postings": TEXTS}, required=["postings"]),
    "New": _object(
        {
            "name": TEXT,
            "headline": TEXT,
            "contact": TEXT,
            "stage": TEXT,
            "location": TEXT,
            "phones": OBJECTS,
            "emails": TEXTS,
            "links": TEXTS,
            "tags": TEXTS,
            "sources": TEXTS,
            "origin": TEXT,
            "owner": TEXT,
            "followers": TEXTS,
            "postings": TEXTS,
            "createdAt": TIME,
            "archived": ANY,
        }
    ),
    "PostingChange": _object({"text": TEXT, "categories": ANY, "tags": TEXTS, "state": TEXT}),
    "ContactChange": _object(
        {"name": TEXT, "headline": TEXT, "location": TEXT, "emails": TEXTS, "phones": OBJECTS}
    ),
    "Webhook": _object(
        {"url": TEXT, "event": {"enum": list(EVENTS)}, "configuration": CONDITIONS}, required=["url", "event"]
    ),
    "Webhooks": _object({"data": OBJECTS}, required=["data"]),
}
ERROR: Schema = _object({"code": TEXT, "message": TEXT}, required=["code", "message"])
ERRORS = {
    "400": "A parameter or the body is not as it should be",
    "401": "No key, or an unknown one",
    "403": "The key lacks a permission",
    "404": "No such object",
    "429": "Too many requests",
}


def _parameter(name: str) -> Schema:
    schema: Schema = TEXT
    if name == "limit":
        schema = {"type": "integer", "minimum": 1, "maximum": 100, "default": 100}
    elif name in filters.FLAGS or name in ("includeDeactivated", "perform_as_posting_owner"):
        schema = FLAG
    elif name.endswith(("_start", "_end")):
        schema = TIME
    elif name in (*filters.UNIONS, "include", "expand"):
        schema = TEXTS
    return {"name": name, "in": "query", "required": False, "schema": schema, "explode": True}


def _answer(route: Route) -> Schema:
    if route.status == 204:
        return {"description": "Done"}
    data: Schema = {"$ref": f"#/components/schemas/{route.answer}"}
    schema: Schema = _object({"data": data}, required=["data"])
    if route.many:
        items = {"data": {"type": "array", "items": data}, "hasNext": FLAG, "next": TEXT}
        schema = _object(items, required=["data", "hasNext"])
    if route.answer == "Created":
        schema = _object({"deduped": FLAG, "data": data}, required=["deduped", "data"])
    return {"description": "As asked", "content": {"application/json": {"schema": schema}}}


def _operation(route: Route) -> Schema:
    refusal = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    answers = {status: {"description": text, "content": refusal} for status, text in ERRORS.items()}
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": TEXT}
        for name in re.findall(r":(\w+)", route.path)
    ]
    operation: Schema = {
        "summary": (route.handler.__doc__ or f"{route.method} {route.path}").partition("\n")[0],
        "parameters": [*in_path, *map(_parameter, dict.fromkeys(route.params))],
        "responses": {str(route.status): _answer(route), **answers},
        "x-permission": route.scope,
        "deprecated": route.path.startswith("/candidates"),
    }
    if route.body is not None:
        schema = {"$ref": f"#/components/schemas/{route.body}Body"}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


def describe(server: str) -> Schema:
    """Return an OpenAPI 3.1 description with the address of this server."""
    paths: Schema = {}
    for route in ROUTES:
        path = re.sub(r":(\w+)", r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route)
    bodies = {f"{name}Body": schema for name, schema in BODIES.items()}
    basic = {"type": "http", "scheme": "basic", "description": "the API key as user name, no password"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Emulated Lever Data API", "version": "1", "description": "Served by leverkit."},
        "servers": [{"url": server}],
        "security": [{"basic": []}, {"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": {**ANSWERS, **bodies, "Error": ERROR},
            "securitySchemes": {"basic": basic, "bearer": {"type": "http", "scheme": "bearer"}},
        },
    }
