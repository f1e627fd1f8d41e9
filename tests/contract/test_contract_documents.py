"""The contract, part 2: documents and files have the recorded forms."""

from __future__ import annotations

from typing import Any

import pytest
from contract import flow, surface


@pytest.fixture(scope="module")
def found() -> Any:
    return flow.recording()


@pytest.mark.parametrize("name", sorted(surface.recorded("forms.json")["documents"]))
def test_json_documents_have_the_recorded_keys_and_types(found: Any, name: str) -> None:
    assert found["documents"][name] == surface.recorded("forms.json")["documents"][name]


@pytest.mark.parametrize("part", sorted(surface.recorded("forms.json")["files"]))
def test_folders_have_the_recorded_files_in_the_recorded_forms(found: Any, part: str) -> None:
    assert found["files"][part] == surface.recorded("forms.json")["files"][part]


def test_policy_csv_has_the_recorded_columns(found: Any) -> None:
    assert found["policy.csv"] == surface.recorded("forms.json")["policy.csv"]
