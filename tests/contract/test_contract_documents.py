"""The contract, part 2: documents and files have the recorded forms."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import msgspec
import pytest
from contract import flow, schemas, surface

SCHEMAS = {
    "apply": "result",
    "audit": "audit",
    "changes": "changes",
    "doctor": "doctor",
    "plan": "plan",
    "pull": "snapshot",
    "rollback": "plan",
    "run": "run",
    "status": "status",
    "status of a job": "run",
    "sync": "sync",
    "verify": "verify",
}

ELSEWHERE = {"accounts"}  # tests/jobs/many_accounts/test_overview.py


@pytest.fixture(scope="module")
def documents_and_forms() -> tuple[dict[str, Any], dict[str, Any]]:
    return flow.documents_and_forms()


@pytest.fixture
def found(documents_and_forms: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
    return documents_and_forms[1]


@pytest.mark.parametrize(("command", "name"), SCHEMAS.items())
def test_a_document_is_as_its_schema_says_and_has_no_field_more(
    documents_and_forms: tuple[dict[str, Any], dict[str, Any]], command: str, name: str
) -> None:
    document = documents_and_forms[0][command]
    schema = json.loads((schemas.FOLDER / f"{name}.schema.json").read_text(encoding="utf-8"))
    assert [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(document)] == []
    assert msgspec.convert(document, schemas.TYPES[name]) is not None


def test_every_schema_is_tried() -> None:
    assert {*SCHEMAS.values(), *ELSEWHERE} == set(schemas.TYPES)


@pytest.mark.parametrize("name", sorted(surface.recorded("forms.json")["documents"]))
def test_json_documents_have_the_recorded_keys_and_types(found: Any, name: str) -> None:
    assert found["documents"][name] == surface.recorded("forms.json")["documents"][name]


@pytest.mark.parametrize("part", sorted(surface.recorded("forms.json")["files"]))
def test_folders_have_the_recorded_files_in_the_recorded_forms(found: Any, part: str) -> None:
    assert found["files"][part] == surface.recorded("forms.json")["files"][part]


def test_policy_csv_has_the_recorded_columns(found: Any) -> None:
    assert found["policy.csv"] == surface.recorded("forms.json")["policy.csv"]
