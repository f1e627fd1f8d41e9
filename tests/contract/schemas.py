"""The JSON Schemas in docs/schemas, made by `contract.record` from types that describe the documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from contract import documents

from leverkit.jobs.many_accounts.overview import AccountsDocument
from leverkit.jobs.nightly.record import SyncRecord
from leverkit.notebook.job.run_record import RunRecord
from leverkit.planning.plan_document import PlanDocument

FOLDER = Path(__file__).parents[2] / "docs" / "schemas"
TYPES: dict[str, type[msgspec.Struct]] = {
    "plan": PlanDocument,
    "run": RunRecord,
    "sync": SyncRecord,
    "result": documents.ResultDocument,
    "verify": documents.VerifyDocument,
    "snapshot": documents.SnapshotDocument,
    "audit": documents.AuditDocument,
    "changes": documents.ChangesDocument,
    "status": documents.StatusDocument,
    "doctor": documents.DoctorDocument,
    "accounts": AccountsDocument,
}


def schemas() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name of each document and its schema."""
    for name, type_ in TYPES.items():
        head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"{name}.json"}
        yield name, head | _open(msgspec.json.schema(type_))


def _open(schema: Any) -> Any:
    """Return a schema that allows fields which later versions may add."""
    if isinstance(schema, list):
        return [_open(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: value for name, value in schema.items() if (name, value) != ("additionalProperties", False)}
    return {name: _open(value) for name, value in kept.items()}


def text(schema: dict[str, Any]) -> str:
    """Return a schema as the text of its file."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def write() -> None:
    """Write all schemas."""
    for name, schema in schemas():
        (FOLDER / f"{name}.schema.json").write_text(text(schema), encoding="utf-8")
