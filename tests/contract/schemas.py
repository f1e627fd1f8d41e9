"""The JSON Schemas in docs/schemas, made from the types that write the documents by `contract.record`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from leverkit.jobs.nightly.record import SyncRecord
from leverkit.notebook.job.run_record import RunRecord
from leverkit.planning.plan_document import PlanDocument

FOLDER = Path(__file__).parents[2] / "docs" / "schemas"
TYPES = {"plan": PlanDocument, "run": RunRecord, "sync": SyncRecord}


def schemas() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name of each document and its schema."""
    for name, type_ in TYPES.items():
        head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"{name}.json"}
        yield name, head | msgspec.json.schema(type_)


def text(schema: dict[str, Any]) -> str:
    """Return a schema as the text of its file."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def write() -> None:
    """Write all schemas."""
    for name, schema in schemas():
        (FOLDER / f"{name}.schema.json").write_text(text(schema), encoding="utf-8")
