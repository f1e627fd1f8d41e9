"""The SQL of a shape reads what is there: a missing column is NULL, a missing table empty."""

from __future__ import annotations

import pytest

from leverkit.errors import UsageError
from leverkit.snapshot.warehouse.dialect import Dialect
from leverkit.snapshot.warehouse.statements import NAMES, SHAPES, Statement, Tables, statements

TEXT = """-- reads opportunity_tag: opportunity_id, tag AS old_tag, tags
SELECT opportunity_id, coalesce(tags, old_tag) AS tag FROM opportunity_tag
"""


def test_columns_are_taken_under_their_own_names_and_those_that_are_not_there_as_null() -> None:
    tables = Tables("Lever", {"OPPORTUNITY_TAG": ["OPPORTUNITY_ID", "TAG"]})
    assert Statement.parse("tags", TEXT).render(tables, Dialect()) == (
        'WITH opportunity_tag AS (SELECT CAST("OPPORTUNITY_ID" AS VARCHAR) AS opportunity_id, '
        '"TAG" AS old_tag, CAST(NULL AS VARCHAR) AS tags FROM "Lever"."OPPORTUNITY_TAG")\n'
        "SELECT opportunity_id, coalesce(tags, old_tag) AS tag FROM opportunity_tag"
    )


def test_another_warehouse_quotes_and_types_as_it_does() -> None:
    tables = Tables("lever", {"opportunity_tag": ["opportunity_id", "tag`x"]})
    rendered = Statement.parse("tags", TEXT).render(tables, Dialect(quotes="`", text="STRING"))
    assert "CAST(NULL AS STRING) AS tags FROM `lever`.`opportunity_tag`" in rendered


def test_without_its_first_table_a_statement_is_not_run_and_without_others_they_are_empty() -> None:
    text = "-- reads posting: id\n-- reads posting_tag: posting_id\nSELECT p.id FROM posting p"
    statement = Statement.parse("postings", text)
    assert statement.render(Tables("lever"), Dialect()) == ""
    assert "WHERE 1 = 0" in statement.render(Tables("lever", {"posting": ["id"]}), Dialect())


def test_a_pattern_that_fits_several_tables_is_not_guessed() -> None:
    statement = statements("airbyte-raw")["opportunities"]
    two = {f"{name}_raw__stream_opportunities": ["_airbyte_data"] for name in ("emea", "us")}
    with pytest.raises(UsageError, match="emea_raw__stream_opportunities and us_raw__stream_opportunities"):
        statement.render(Tables("airbyte_internal", two), Dialect())


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_has_four_short_files_which_a_person_can_read(shape: str) -> None:
    found = statements(shape)
    assert tuple(found) == NAMES
    assert all(len(statement.body.splitlines()) <= 20 for statement in found.values())
