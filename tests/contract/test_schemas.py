"""The JSON documents are as docs/schemas says, and docs/schemas is as the types are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from contract.schemas import FOLDER, TYPES, schemas, text
from support.plan_factory import account, carried_out, migration
from support.sync_nights import sync_nights

from leverkit.notebook.job.run_record import Failure, RunRecord
from leverkit.settings import Settings
from leverkit.verification.verify import verify

OLD = Path(__file__).parent / "old_run"


def objections(name: str, document: Any) -> list[str]:
    """Return what the committed schema objects to in a document."""
    schema = json.loads((FOLDER / f"{name}.schema.json").read_text(encoding="utf-8"))
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(document)]


@pytest.mark.parametrize(("name", "schema"), list(schemas()))
def test_the_schemas_are_those_of_the_types(name: str, schema: dict[str, Any]) -> None:
    assert (FOLDER / f"{name}.schema.json").read_text(encoding="utf-8") == text(schema)


@pytest.mark.parametrize("run", ["finished", "stopped"])
def test_a_plan_of_an_older_version_is_as_its_schema_says(run: str) -> None:
    assert objections("plan", json.loads((OLD / run / "plan.json").read_text(encoding="utf-8"))) == []


def test_the_record_of_a_job_is_as_its_schema_says(tmp_path: Path) -> None:
    page = tmp_path / "page.ipynb"
    page.write_text("{}", encoding="utf-8")
    settings = Settings(base_url="http://127.0.0.1:9/v1")
    begun = RunRecord.begin(page, {"rate": 1.5, "mode": "plan"}, settings, attempt=1)
    for record in (begun, begun.end("failed", 64, Failure("UsageError", "no", 3), ("page.html",))):
        record.write(tmp_path)
        assert objections("run", json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))) == []
    assert objections("run", {"format": 1})


def test_a_run_that_left_something_and_its_verification_are_as_their_schemas_say(tmp_path: Path) -> None:
    with account() as (emulated, lever):
        plan = migration(emulated, lever)
        emulated.anonymize(plan.operations[0].opportunity)
        result = carried_out(plan, tmp_path, lever)
        emulated.remove_tags((last := plan.operations[-1]).opportunity, [last.tag])
        found = verify(tmp_path, lever=lever)
    assert (result.exit_code, found.exit_code) == (3, 3)
    for name in ("result", "verify"):
        document = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
        assert document["exceptions" if name == "result" else "differences"]
        assert objections(name, document) == []
        msgspec.convert(document, TYPES[name])


def test_the_record_of_a_night_and_its_plan_are_as_their_schemas_say(tmp_path: Path) -> None:
    with sync_nights(tmp_path, contacts=60) as nights:
        record = nights.night().record
    assert objections("sync", json.loads(msgspec.json.encode(record))) == []
    assert objections("plan", json.loads((Path(record.run) / "plan.json").read_text(encoding="utf-8"))) == []
