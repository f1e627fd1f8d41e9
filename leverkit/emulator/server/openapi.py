"""An OpenAPI description of the emulated API, made from the route table."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any

from leverkit.emulator.account import filters, views
from leverkit.emulator.account.account import Account
from leverkit.emulator.account.events import EVENTS
from leverkit.emulator.endpoints import postings
from leverkit.emulator.endpoints.creation import ORIGINS
from leverkit.emulator.response import decode
from leverkit.emulator.server.openapi_examples import Examples
from leverkit.emulator.server.routes import ROUTES, Route

Schema = dict[str, Any]
PARTS = decode(Path(__file__).with_name("openapi_schemas.json").read_bytes())
ERRORS: dict[str, str] = PARTS["errors"]
CHANGED = {"required": ["id", "contact", "tags", "stage"]}  # in responses to writes


def _object(properties: Schema, *, required: list[str] | None = None) -> Schema:
    return {"type": "object", "properties": properties, "required": required or []}


def _read_schemas() -> tuple[dict[str, Schema], dict[str, Schema]]:
    """Return the types and the schemas of openapi_schemas.json; there, a type stands by its name."""
    types: dict[str, Schema] = PARTS["types"] | {"event": {"enum": list(EVENTS)}}

    def schema(value: Any) -> Schema:
        if isinstance(value, str):
            return types[value]
        properties = {name: types[kind] for name, kind in value["properties"].items()}
        return _object(properties, required=value.get("required"))

    schemas = {name: schema(value) for name, value in PARTS["schemas"].items()}
    changed = schemas["Opportunity"] | CHANGED
    return types, {**schemas, "Mutated": changed, "Created": changed}


TYPES, SCHEMAS = _read_schemas()
FILE: Schema = _object({"file": {"type": "string", "format": "binary"}}, required=["file"])
BYTES: Schema = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
CHOICES = {"origin": ORIGINS, "confidentiality": filters.CONFIDENTIALITY}


def _choices(name: str, path: str) -> tuple[str, ...] | None:
    """Return the values that a parameter is limited to, None where it takes any."""
    if name != "expand":
        return CHOICES.get(name)
    if path in ("/opportunities", "/candidates", "/opportunities/:id", "/candidates/:id"):
        return views.EXPANDABLE
    return postings.EXPANDABLE if path in ("/postings", "/postings/:id") else None


def _parameter(name: str, path: str, examples: list[Any]) -> Schema:
    known: Schema = {"name": name, "in": "query", "required": False, "explode": True}
    schema, choices = _schema(name), _choices(name, path)
    if choices is not None:
        limited: Schema = {"type": "string", "enum": list(choices)}
        schema = limited if name == "confidentiality" else {"type": "array", "items": limited}
    return {**known, "schema": schema, **_examples(examples)}


def _examples(values: list[Any]) -> Schema:
    """Return `examples` of a parameter or body, nothing where there are none."""
    found = {str(number): {"value": value} for number, value in enumerate(values, 1)}
    return {"examples": found} if found else {}


def _schema(name: str) -> Schema:
    schema: Schema = TYPES["text"]
    if name == "limit":
        schema = {"type": "integer", "minimum": 1, "maximum": 100, "default": 100}
    elif name in filters.FLAGS or name in ("includeDeactivated", "perform_as_posting_owner"):
        schema = TYPES["flag"]
    elif name.endswith(("_start", "_end")):
        schema = TYPES["time"]
    elif name in (*filters.UNIONS, "include", "expand"):
        schema = TYPES["texts"]
    return schema


def _success(route: Route) -> Schema:
    if route.status == 204:
        return {"description": "Done"}
    if route.data == "Bytes":
        return {"description": "The file", "content": BYTES}
    data: Schema = {"$ref": f"#/components/schemas/{route.data}"}
    schema: Schema = _object({"data": data}, required=["data"])
    if route.is_page:
        items = {"data": {"type": "array", "items": data}, "hasNext": TYPES["flag"], "next": TYPES["text"]}
        schema = _object(items, required=["data", "hasNext"])
    if route.data == "Created":
        schema = _object({"deduped": TYPES["flag"], "data": data}, required=["deduped", "data"])
    return {"description": "As asked", "content": {"application/json": {"schema": schema}}}


def _errors(route: Route) -> Schema:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    errors = {**ERRORS, "422": "The file could not be processed"} if route.data == "Bytes" else ERRORS
    return {status: {"description": text, "content": content} for status, text in errors.items()}


def _in_path(route: Route, values: dict[str, list[str]]) -> list[Schema]:
    known = {"in": "path", "required": True, "schema": TYPES["text"]}
    names = re.findall(r":(\w+)", route.path)
    return [{"name": name, **known, **_examples(values.get(name, []))} for name in names]


def _body(name: str, examples: Examples) -> Schema:
    if name == "File":
        return {"required": True, "content": {"multipart/form-data": {"schema": FILE}}}
    schema = {"$ref": f"#/components/schemas/{name}Body"}
    given = [examples.bodies[name]] if name in examples.bodies else []
    return {"required": True, "content": {"application/json": {"schema": schema, **_examples(given)}}}


def _operation(route: Route, examples: Examples) -> Schema:
    names = dict.fromkeys(route.params)
    query = [_parameter(name, route.path, examples.query.get(name, [])) for name in names]
    documented = None if isinstance(route.handler, partial) else route.handler.__doc__
    operation: Schema = {
        "summary": (documented or f"{route.method} {route.path}").partition("\n")[0],
        "parameters": [*_in_path(route, examples.path(route.path)), *query],
        "responses": {str(route.status): _success(route), **_errors(route)},
        "x-permission": route.scope,
        "deprecated": route.path.startswith("/candidates"),
    }
    if route.body is not None:
        operation["requestBody"] = _body(route.body, examples)
    return operation


def describe(server: str, account: Account) -> Schema:
    """Return an OpenAPI 3.1 description with the address of this server and ids of its account."""
    paths: Schema = {}
    examples = Examples(account)
    for route in ROUTES:
        path = re.sub(r":(\w+)", r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, examples)
    document: Schema = PARTS["document"]
    components = {**document["components"], "schemas": SCHEMAS}
    return {**document, "servers": [{"url": server}], "paths": paths, "components": components}
