"""A folder of files is read however deep its tables lie, and whatever differs between the files of one."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from support.made_copies import TAGS, column, lacks, opportunity, read, tags_of, write_lines

from leverkit.errors import UsageError


@pytest.mark.parametrize(
    "parts",
    [
        ("opportunities.jsonl",),
        ("opportunities/2024_01_05_1704412800000_0.jsonl", "opportunities/2024_01_06_1704499200000_0.jsonl"),
        ("opportunities/dt=2024-01-05/x.jsonl", "opportunities/dt=2024-01-06/x.jsonl"),
        ("opportunities/year=2024/month=01/x.jsonl", "opportunities/year=2024/month=02/x.jsonl"),
        ("namespace/opportunities/0.jsonl", "namespace/opportunities/1.jsonl"),
        ("raw/lever/OPPORTUNITIES_0_0_0.jsonl", "raw/lever/opportunities-20240131T120000.jsonl"),
    ],
)
def test_a_table_is_found_at_any_depth_and_partitions_are_its_parts(
    tmp_path: Path, parts: tuple[str, ...]
) -> None:
    for number, part in enumerate(parts):
        file = write_lines(tmp_path / "bucket" / part, [opportunity(str(number))])
    write_lines(file.parents[part.count("/")] / "notes" / "opportunities_old.jsonl", [opportunity("old")])
    assert tags_of(read(tmp_path, tmp_path / "bucket", "json")) == {
        str(number): TAGS for number in range(len(parts))
    }


def test_tables_of_one_folder_belong_together_and_several_folders_have_to_be_told_apart(
    tmp_path: Path,
) -> None:
    for name, id in (("alpha", "1"), ("beta", "2")):
        write_lines(tmp_path / "bucket" / name / "opportunities" / "0.jsonl", [opportunity(id)])
        write_lines(tmp_path / "bucket" / name / "postings.jsonl", [{"id": f"p{id}", "tags": ["a"]}])
    with pytest.raises(UsageError, match="several folders hold opportunities: alpha, beta; name one with"):
        read(tmp_path, tmp_path / "bucket", "json")
    snapshot = read(tmp_path, tmp_path / "bucket", "json", schema="beta")
    assert tags_of(snapshot) == {"2": TAGS}
    assert snapshot.sql("SELECT id FROM postings").fetchall() == [("p2",)]
    assert tags_of(read(tmp_path, tmp_path / "bucket" / "alpha", "json")) == {"1": TAGS}


@pytest.mark.parametrize("given", ["opportunities", "opportunities/dt=2024-01-05", "opportunities.jsonl"])
def test_what_is_one_table_is_refused_with_the_folder_to_give(tmp_path: Path, given: str) -> None:
    write_lines(tmp_path / "copy" / "opportunities" / "dt=2024-01-05" / "0.jsonl", [opportunity("1")])
    write_lines(tmp_path / "copy" / "opportunities.jsonl", [opportunity("2")])
    with pytest.raises(
        UsageError, match=rf"is one table.*give the folder that holds them all, {tmp_path}/copy$"
    ):
        read(tmp_path, tmp_path / "copy" / given, "json")


def test_of_what_was_dumped_each_day_the_latest_counts(tmp_path: Path) -> None:
    for day in ("05", "06"):
        rows = [opportunity("1", tags=["gone"] if day == "05" else TAGS)]
        write_lines(tmp_path / "copy" / "opportunities" / f"dt=2024-01-{day}" / "0.jsonl", rows)
    snapshot = read(tmp_path, tmp_path / "copy", "json")
    assert tags_of(snapshot) == {"1": TAGS}
    assert ("deletions" in lacks(snapshot), "latest rows" in lacks(snapshot)) == (True, False)


def test_a_key_that_comes_late_or_a_part_without_it_loses_no_tag(tmp_path: Path) -> None:
    early = [{"id": f"f{number}", "contact": "c"} for number in range(21_000)]  # more than DuckDB samples
    write_lines(tmp_path / "copy" / "opportunities" / "0.jsonl", [*early, opportunity("1")])
    write_lines(tmp_path / "copy" / "opportunities" / "1.jsonl", [opportunity("2")], packed=True)
    found = tags_of(read(tmp_path, tmp_path / "copy", "json"))
    assert (found["1"], found["2"], found["f7"], len(found)) == (TAGS, TAGS, [], 21_002)


def test_parquet_files_may_differ_in_columns_and_types(tmp_path: Path) -> None:
    (tmp_path / "copy" / "opportunities").mkdir(parents=True)
    lists = "list_value('a', 'b, c', 'ü')"
    for number, select in enumerate(
        (
            f"'{json.dumps(TAGS)}' AS tags, 1760000000000 AS \"createdAt\"",
            f'{lists} AS tags, TIMESTAMPTZ \'2025-10-09 08:53:20Z\' AS "createdAt", true AS "isAnonymized"',
            f"list_transform({lists}, lambda x: {{'element': x}}) AS tags, 1760000000 AS \"createdAt\"",
            f"list_transform({lists}, lambda x: encode(x)) AS tags, '2025-10-09T08:53:20Z' AS \"createdAt\"",
        )
    ):
        file = tmp_path / "copy" / "opportunities" / f"{number}.parquet"
        duckdb.sql(f"COPY (SELECT '{number}' AS id, 'c' AS contact, {select}) TO '{file}' (FORMAT parquet)")
    snapshot = read(tmp_path, tmp_path / "copy", "airbyte")
    assert tags_of(snapshot) == dict.fromkeys("0123", TAGS)
    times = snapshot.sql("SELECT DISTINCT created_at FROM opportunities").fetchall()
    assert times == [(1_760_000_000_000,)]
    assert snapshot.sql("SELECT id FROM opportunities WHERE is_anonymized").fetchall() == [("1",)]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ('opportunity_id;tags\n1;a\n1;"b, c"\n1;ü\n', "utf-8-sig"),
        ('opportunity_id,tags\r\n1,a\r\n1,"b, c"\r\n1,ü\r\n', "utf-16"),
        ("opportunity_id,tags\n" + "9,plain\n" * 21_000 + '1,a\n1,"b, c"\n1,ü\n', "utf-8"),
        ('"opportunity_id","tags"\n"1","a"\n"1","b, c"\n"1","ü"\n"2","say \\"hi\\""\n"2",\\N\n', "utf-8"),
    ],
)
def test_csv_is_read_as_it_was_written(tmp_path: Path, text: str, encoding: str) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "opportunity.csv").write_text("id,contact\n1,c\n")
    (tmp_path / "copy" / "opportunity_tag.csv").write_bytes(text.encode(encoding))
    assert tags_of(read(tmp_path, tmp_path / "copy", "fivetran")) == {"1": TAGS}


def test_what_would_be_left_out_is_refused_and_what_is_not_needed_may_be_broken(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    write_lines(copy / "opportunities" / "0.jsonl", [opportunity("1")])
    (copy / "notes.parquet").write_text("no Parquet")
    (copy / "broken.json").write_text("{")
    assert tags_of(read(tmp_path, copy, "json")) == {"1": TAGS}
    for name, message in (("1.avro", "files of avro and json"), ("1.csv", "files of csv and json")):
        (copy / "opportunities" / name).write_text("id,contact\n2,c\n")
        with pytest.raises(UsageError, match=message):
            read(tmp_path, copy, "json")
        (copy / "opportunities" / name).unlink()


@pytest.mark.parametrize(
    ("log", "kind"),
    [("_delta_log/0.json", "Delta"), ("metadata/v1.metadata.json", "Iceberg"), (".hoodie/x", "Hudi")],
)
def test_files_that_also_hold_rows_that_are_gone_are_refused(tmp_path: Path, log: str, kind: str) -> None:
    table = tmp_path / "copy" / "namespace" / "opportunities"
    write_lines(table / "part-0.json", [opportunity("1")])
    (table / log).parent.mkdir(parents=True)
    (table / log).write_text("{}")
    with pytest.raises(UsageError, match=rf"opportunities is a table of {kind}, .*: export it"):
        read(tmp_path, tmp_path / "copy", "json")


def test_a_listing_in_one_object_may_be_of_any_size(tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    rows = [opportunity(str(number), headline="h" * 10_000) for number in range(1_800)]
    (tmp_path / "copy" / "opportunities.json").write_text(json.dumps({"data": rows}))
    assert len(tags_of(read(tmp_path, tmp_path / "copy", "json"))) == 1_800


def test_records_that_are_read_as_columns_keep_each_tag(tmp_path: Path) -> None:
    odd = [" a ", "a|b", '{"x": 1}', "[1]", "null", '"', "\\N", "new\nline", "1.0"]
    write_lines(tmp_path / "copy" / "opportunities.jsonl", [column("1", tags=json.dumps(odd))])
    assert tags_of(read(tmp_path, tmp_path / "copy", "airbyte")) == {"1": sorted(odd)}


@pytest.mark.parametrize(
    "name", ["opportunities_part1", "opportunities (1)", "opportunities_page4", "opportunities.chunk-2"]
)
def test_a_part_of_a_table_is_known_by_its_number(tmp_path: Path, name: str) -> None:
    write_lines(tmp_path / "copy" / "opportunities.json", [opportunity("1")])
    write_lines(tmp_path / "copy" / f"{name}.json", [opportunity("2")])
    assert tags_of(read(tmp_path, tmp_path / "copy", "json")) == {"1": TAGS, "2": TAGS}


@pytest.mark.parametrize(
    "lines",
    [
        '1,#hot\n#1,x\n1,"a, b"\n1,5" disk\n',
        '1,#hot\n1,"a, b"\n' + "9,plain\n" * 21_000 + '1,5" disk\n',
    ],
)
def test_no_sign_in_a_csv_file_is_taken_for_a_comment_or_the_end(tmp_path: Path, lines: str) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "opportunity.csv").write_text("id,contact\n1,c\n")
    (tmp_path / "copy" / "opportunity_tag.csv").write_text(f"opportunity_id,tags\n{lines}")
    assert tags_of(read(tmp_path, tmp_path / "copy", "fivetran")) == {"1": ["#hot", '5" disk', "a, b"]}


def test_a_table_separated_by_tabs_may_have_no_quotes(tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "opportunity.tsv").write_text("id\tcontact\n1\tc\n")
    (tmp_path / "copy" / "opportunity_tag.tsv").write_text('opportunity_id\ttags\n1\ta, b\n1\t"x\n')
    assert tags_of(read(tmp_path, tmp_path / "copy", "fivetran")) == {"1": ['"x', "a, b"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"opportunity_id,tags\n1,a\n1,Ada, b\n", r"opportunity_tag\.csv: a line has not as many values"),
        (b'opportunity_id,tags\n1,"a"\n1,"Ada', "a quote is not closed: the file was cut off"),
        ("opportunity_id,tags\n1,Ada\n1,é\n".encode("cp1252"), r"line 3 is not UTF-8: save it as CSV UTF-8"),
    ],
)
def test_a_csv_file_that_is_odd_is_refused_and_shows_nothing_of_its_rows(
    tmp_path: Path, text: bytes, message: str
) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "opportunity.csv").write_text("id,contact\n1,c\n")
    (tmp_path / "copy" / "opportunity_tag.csv").write_bytes(text)
    with pytest.raises(UsageError, match=message) as refused:
        read(tmp_path, tmp_path / "copy", "fivetran")
    assert "Ada" not in str(refused.value)


def test_a_listing_without_its_last_page_is_refused(tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    for number, more in enumerate((True, False)):
        page = {"data": [opportunity(str(number))], "hasNext": more}
        (tmp_path / "copy" / f"opportunities_{number}.json").write_text(json.dumps(page))
    assert tags_of(read(tmp_path, tmp_path / "copy", "json")) == {"0": TAGS, "1": TAGS}
    (tmp_path / "copy" / "opportunities_1.json").unlink()
    with pytest.raises(UsageError, match=r"opportunities_0.json: the last page of this listing is missing"):
        read(tmp_path, tmp_path / "copy", "json")


def test_an_object_that_cannot_be_read_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "opportunities.json").write_text(
        '{"id": "1", "contact": "Ada", "tags": [], "tags": []}'
    )
    with pytest.raises(UsageError, match="An object has duplicate key") as refused:
        read(tmp_path, tmp_path / "copy", "json")
    assert "Ada" not in str(refused.value)
