"""The options of a dropdown requisition field (Lever's documentation, "Updating dropdown fields")."""

from __future__ import annotations

from typing import Any

from leverkit.emulator.account.account import Object
from leverkit.emulator.endpoints.opportunities import find
from leverkit.emulator.http.request import Request
from leverkit.emulator.response import Response, bad_request, ok

KIND = "requisition_fields"


def _field(request: Request) -> Object:
    """Return the dropdown of the path, each of its options with an id. Raises RequestError 404, 400."""
    field = find(request.account.lists.get(KIND, []), request.ids[0], KIND)
    if field.get("type") != "dropdown":
        raise bad_request("Only a field of type dropdown has options")
    options: Any = field.get("options") or []
    field["options"] = [{"id": request.account.new_id(), **option} for option in options]
    return field


def _values(request: Request, kind: type) -> list[Any]:
    values: Any = request.json().get("values")
    if not isinstance(values, list) or not values or not all(isinstance(value, kind) for value in values):
        raise bad_request("values must be an array of options")
    if kind is dict and not all(isinstance(value.get("text"), str) for value in values):
        raise bad_request("text of an option must be a string")
    return values


def _require(field: Object, identifiers: list[Any]) -> None:
    known = {option["id"] for option in field["options"]}
    if not known.issuperset(each for each in identifiers if isinstance(each, str)) or None in identifiers:
        raise bad_request("The field does not have that option")


def add(request: Request) -> Response:
    """POST /requisition_fields/:id/options: 201 with the last of the new options."""
    field = _field(request)
    added = [{"id": request.account.new_id(), "text": value["text"]} for value in _values(request, dict)]
    field["options"] += added
    return ok(added[-1], status=201)


def update(request: Request) -> Response:
    """PUT /requisition_fields/:id/options: new texts for options by their ids; returns the field."""
    field, values = _field(request), _values(request, dict)
    _require(field, [value.get("id") for value in values])
    texts = {value["id"]: value["text"] for value in values}
    field["options"] = [
        option | {"text": texts.get(option["id"], option["text"])} for option in field["options"]
    ]
    return ok(field)


def delete(request: Request) -> Response:
    """DELETE /requisition_fields/:id/options: takes options out by their ids."""
    field, gone = _field(request), _values(request, str)
    _require(field, gone)
    field["options"] = [option for option in field["options"] if option["id"] not in gone]
    return Response(204, b"")
