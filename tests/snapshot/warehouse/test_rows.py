"""Of the rows of a copy those count that are there now, with the ids of Lever, whoever wrote them and how."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.copies import SYNCED, timestamp
from support.made_copies import TAGS, column, lacks, read_tables, tags_of

from leverkit.errors import UsageError
from leverkit.snapshot.snapshot import Snapshot

OLD, NEW = timestamp(SYNCED - 86_400_000), timestamp(SYNCED)


def postings_of(snapshot: Snapshot) -> list[object]:
    return [postings for (postings,) in snapshot.sql("SELECT postings FROM opportunities").fetchall()]


@pytest.mark.parametrize(
    ("shape", "mark", "value"),
    [
        ("airbyte", "_ab_cdc_deleted_at", NEW),
        ("tap-lever", "_sdc_deleted_at", NEW),
        ("tap-lever", "__deleted", "true"),
        ("tap-lever", "is_deleted", 1),
        ("dlt", "deleted_at", SYNCED),
        ("json", "__deleted", "true"),
        ("json", "is_deleted", 1),
    ],
)
def test_a_mark_of_deletion_is_known_by_many_names(
    tmp_path: Path, shape: str, mark: str, value: object
) -> None:
    kept = {"true": "false", 1: 0}.get(value) if isinstance(value, str | int) else None
    rows = [column("1", **{mark: kept}), column("2", **{mark: value})]
    assert tags_of(read_tables(tmp_path, {"opportunities": rows}, shape)) == {"1": TAGS}


def test_a_record_that_was_deleted_at_the_source_is_none(tmp_path: Path) -> None:
    records = [column("1"), column("2", _ab_cdc_deleted_at="2025-01-01T00:00:00Z")]
    rows = [{"_airbyte_data": json.dumps(each), "_airbyte_extracted_at": NEW} for each in records]
    assert tags_of(read_tables(tmp_path, {"raw__stream_opportunities": rows}, "airbyte-raw")) == {"1": TAGS}


def test_a_row_that_is_newest_and_deleted_brings_no_older_one_back(tmp_path: Path) -> None:
    older = [column("1", _sdc_extracted_at=OLD), column("2", tags='["older"]', _sdc_extracted_at=OLD)]
    newer = [column("1", _sdc_extracted_at=NEW, _sdc_deleted_at=NEW), column("2", _sdc_extracted_at=NEW)]
    posting = {"id": "p", "text": "x", "tags": '["a"]', "_sdc_extracted_at": OLD}
    postings = [posting, posting | {"_sdc_extracted_at": NEW, "_sdc_deleted_at": NEW}]
    snapshot = read_tables(tmp_path, {"opportunities": older + newer, "postings": postings}, "tap-lever")
    assert tags_of(snapshot) == {"2": TAGS}
    assert "latest rows" not in lacks(snapshot)
    assert "postings" in lacks(snapshot)


def test_links_sources_and_tags_that_are_gone_or_of_the_past_are_left_out(tmp_path: Path) -> None:
    past = {"_fivetran_active": False, "_fivetran_deleted": False}
    gone = {"_fivetran_active": True, "_fivetran_deleted": True}
    now = {"_fivetran_active": True, "_fivetran_deleted": False}
    there = [("now", now), ("past", past), ("gone", gone)]
    tables = {
        "opportunity": [{"id": "1", "contact": "c", **now}, {"id": "1", "contact": "old", **past}],
        "opportunity_tag": [{"opportunity_id": "1", "tags": text, **marks} for text, marks in there],
        "opportunity_source": [{"opportunity_id": "1", "source": text, **marks} for text, marks in there],
        "application": [{"opportunity_id": "1", "posting_id": text, **marks} for text, marks in there],
        "posting": [{"id": "now", "text": "x", **now}, {"id": "now", "text": "y", **past}],
        "posting_tag": [{"posting_id": "now", "tags": text, **marks} for text, marks in there],
    }
    snapshot = read_tables(tmp_path, tables, "fivetran")
    found = snapshot.sql("SELECT contact, tags, postings, sources FROM opportunities").fetchall()
    assert found == [("c", ["now"], ["now"], ["now"])]
    assert snapshot.sql("SELECT text, tags FROM postings").fetchall() == [("x", ["now"])]


def test_of_several_rows_of_an_application_the_latest_tells_the_posting(tmp_path: Path) -> None:
    link = {"id": "a", "opportunityId": "1"}
    links = [
        link | {"posting": "now", "_airbyte_extracted_at": NEW},
        link | {"posting": "then", "_airbyte_extracted_at": OLD},
    ]
    tables = {"opportunities": [column("1", _airbyte_extracted_at=NEW)], "applications": links}
    assert postings_of(read_tables(tmp_path, tables, "airbyte")) == [["now"]]


def test_of_two_rows_that_were_seen_at_once_the_one_that_lever_updated_later_counts(tmp_path: Path) -> None:
    rows = [
        column("1", tags=json.dumps(tags), updatedAt=SYNCED - age, _airbyte_extracted_at=NEW)
        for tags, age in ((TAGS, 1), (["older"], 2))
    ]
    snapshot = read_tables(tmp_path, {"opportunities": rows}, "airbyte")
    assert tags_of(snapshot) == {"1": TAGS}
    assert "latest rows" not in lacks(snapshot)


def test_an_object_in_the_place_of_an_id_gives_its_id_and_nothing_else(tmp_path: Path) -> None:
    people = {name: json.dumps({"id": f"{name}-1", "name": "Ada"}) for name in ("contact", "owner", "stage")}
    links = json.dumps([{"id": "a", "posting": {"id": "p", "text": "Ada's"}}])
    snapshot = read_tables(tmp_path, {"opportunities": [column("1", **people, applications=links)]}, "json")
    found = snapshot.sql("SELECT contact, owner, stage, postings FROM opportunities").fetchall()
    assert found == [("contact-1", "owner-1", "stage-1", ["p"])]
    assert all(b"Ada" not in file.read_bytes() for file in snapshot.path.iterdir())


@pytest.mark.parametrize("name", ["contactId", "CONTACT_ID", "contact__id", "Contact ID"])
def test_an_id_beside_a_name_goes_before_it(tmp_path: Path, name: str) -> None:
    rows = [column("1", **{"contact": "Ada Lovelace", name: "the-id"})]
    snapshot = read_tables(tmp_path, {"opportunities": rows}, "airbyte")
    assert snapshot.sql("SELECT contact FROM opportunities").fetchall() == [("the-id",)]


@pytest.mark.parametrize("contact", ["Ada Lovelace", "ada@example.com"])
def test_names_and_addresses_in_the_place_of_contacts_are_refused_and_not_shown(
    tmp_path: Path, contact: str
) -> None:
    rows = [column("1"), column("2", contact=contact)]
    with pytest.raises(UsageError, match="column contact holds names or addresses instead of ids") as refused:
        read_tables(tmp_path, {"opportunities": rows}, "airbyte")
    assert "ada" not in str(refused.value).lower()
    assert not (tmp_path / "snapshot").exists()


@pytest.mark.parametrize(
    "tags",
    [
        json.dumps(json.dumps(TAGS)),
        json.dumps([None, *({"value": tag} for tag in TAGS)]),
        json.dumps([TAGS[0], *({"element": tag} for tag in TAGS[1:])]),
    ],
)
def test_a_list_is_read_in_a_text_and_with_some_items_in_objects(tmp_path: Path, tags: str) -> None:
    assert tags_of(read_tables(tmp_path, {"opportunities": [column("1", tags=tags)]}, "airbyte")) == {
        "1": TAGS
    }


@pytest.mark.parametrize(
    "tags", ['[["a"], ["b"]]', '["a", {"id": 1, "text": "b"}]', '[{"value": ["a"]}]', "2024"]
)
def test_what_is_no_list_of_texts_is_refused(tmp_path: Path, tags: str) -> None:
    with pytest.raises(UsageError, match="column tags holds joined texts or objects"):
        read_tables(tmp_path, {"opportunities": [column("1"), column("2", tags=tags)]}, "airbyte")


def test_a_blank_in_the_column_of_a_tag_is_none_and_hides_none(tmp_path: Path) -> None:
    blank = {"tags": "", "tag": None}
    tables = {
        "opportunity": [{"id": "1", "contact": "c"}, {"id": "2", "contact": "c"}],
        "opportunity_tag": [
            {"opportunity_id": "1", "tags": "", "tag": "a"},
            {"opportunity_id": "2", **blank},
        ],
        "posting": [{"id": "p", "text": "x"}, {"id": "q", "text": "y"}],
        "posting_tag": [{"posting_id": "p", "tags": "", "tag": "b"}, {"posting_id": "q", **blank}],
    }
    snapshot = read_tables(tmp_path, tables, "fivetran")
    assert tags_of(snapshot) == {"1": ["a"], "2": []}
    assert snapshot.sql("SELECT id, tags FROM postings ORDER BY id").fetchall() == [("p", ["b"]), ("q", [])]


def test_rows_of_the_past_are_left_out_also_where_those_of_now_end_in_the_far_future(tmp_path: Path) -> None:
    now, then = {"_dlt_valid_to": "9999-12-31T00:00:00+00:00"}, {"_dlt_valid_to": NEW}
    texts = (("now", now), ("then", then))
    rows = [column("1", _dlt_id=f"o-{text}", tags=json.dumps([text]), **ends) for text, ends in texts]
    posting = {"id": "p", "tags": '["x"]'}
    tables = {
        "opportunities": rows,
        "postings": [posting | {"text": text, **ends} for text, ends in texts],
        "stages": [{"id": "s", "text": text, **ends} for text, ends in texts],
        "opportunities__tags": [
            {"_dlt_parent_id": f"o-{text}", "value": f"{text}, too", "_dlt_list_idx": 0} for text, _ in texts
        ],
    }
    snapshot = read_tables(tmp_path, tables, "dlt")
    assert tags_of(snapshot) == {"1": ["now", "now, too"]}
    for name in ("postings", "stages"):
        assert snapshot.sql(f"SELECT text FROM {name}").fetchall() == [("now",)]


def test_ids_in_capitals_are_those_of_lever(tmp_path: Path) -> None:
    id, contact, posting, stage = (f"abcdef12-0000-4000-8000-{number:012}" for number in range(4))
    tables = {
        "opportunity": [{"id": id.upper(), "contact": contact.upper(), "stage_id": stage.upper()}],
        "opportunity_tag": [
            {"opportunity_id": each, "tags": tag} for each, tag in ((id, "a"), (id.upper(), "b"))
        ],
        "application": [{"id": "a", "opportunity_id": id.upper(), "posting_id": posting.upper()}],
        "posting": [{"id": posting.upper(), "text": "x"}],
        "stage": [{"id": stage.upper(), "text": "y"}, {"id": "Lead-New", "text": "z"}],
    }
    snapshot = read_tables(tmp_path, tables, "fivetran")
    found = snapshot.sql("SELECT id, contact, stage, postings, list_sort(tags) FROM opportunities").fetchall()
    assert found == [(id, contact, stage, [posting], ["a", "b"])]
    assert snapshot.sql("SELECT id FROM postings").fetchall() == [(posting,)]
    assert snapshot.sql("SELECT id FROM stages ORDER BY id").fetchall() == [("Lead-New",), (stage,)]


def test_tags_of_opportunities_that_the_copy_has_no_row_of_are_counted(tmp_path: Path) -> None:
    rows = [{"id": "1", "contact": "c", "_sdc_sequence": SYNCED}]
    gone = [{"id": "2", "contact": "c", "_sdc_sequence": SYNCED, "_sdc_deleted_at": NEW}]
    tags = [
        {"_sdc_source_key_id": id, "value": "a", "_sdc_sequence": SYNCED + later}
        for id, later in (("1", 0), ("1", -5), ("1", 5), ("2", 0), ("3", 0))
    ]
    snapshot = read_tables(tmp_path, {"opportunities": rows + gone, "opportunities__tags": tags}, "stitch")
    assert tags_of(snapshot) == {"1": ["a"]}
    (lack,) = (each for each in snapshot.meta["copy"]["lacks"] if each["what"] == "opportunities")
    assert (lack["count"], lack["text"]) == (2, "opportunities: 2 taggings are of ones that it has no row of")
