"""CSV files come back as they were, whatever a spreadsheet did to them on the way."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.any_text import any_text

from leverkit.errors import UsageError
from leverkit.storage import csv_file, files
from leverkit.storage.csv_file import Dialect, guard, number, unguard

ANYTHING = any_text(max_size=30)
AWKWARD = st.sampled_from(
    ["=", "'=", "''+1", "'plain", " =x", "-", "@a", "3.10", "007", "SEPT2", "TRUE", '"', "a\r\nb", ";", "\t"]
) | st.text("'=-+;,|\t\n a1$", max_size=8)


@given(ANYTHING | AWKWARD)
def test_a_guarded_text_is_restored(text: str) -> None:
    assert unguard(guard(text)) == text


# What leverkit guarded until November 2026; its files are still read.
_GUARDED_ONCE = re.compile(
    r"'*(?:[=+\-@|%\t\r\n＝＋－＠]|[\d.,(]|[^\W\d_]+[\s\-/.]*\d+\Z|(?:true|false)\Z)", re.IGNORECASE
)


_SIGNS = st.builds(str.__add__, st.sampled_from("=+-@|%\t＝2.,("), ANYTHING)


@given(st.integers(0, 3), _SIGNS | st.sampled_from(["TRUE", "false", "a2", "SEPT 2", "é-. 10"]))
def test_what_an_older_version_guarded_is_read_as_the_same_text(quotes: int, text: str) -> None:
    text = "'" * quotes + text.replace("'", "")
    assert _GUARDED_ONCE.match(text)
    assert unguard("'" + text) == text


@given(st.sampled_from("=+-@\t\r\n＝"), ANYTHING)
def test_nothing_a_spreadsheet_would_calculate_is_left_unguarded(sign: str, rest: str) -> None:
    assert guard(sign + rest).startswith("'")


@pytest.mark.parametrize("text", ["3.10", "007", "1/2", "2024-01", "SEPT2", "Mai 5", "TRUE", "10%", "-5"])
def test_text_that_a_spreadsheet_reads_as_a_number_or_a_date_is_guarded(text: str) -> None:
    assert guard(text) == "'" + text


@pytest.mark.parametrize(
    "text",
    [
        "Mar 1, 2024",
        " 007",
        "$150000",
        "März 2024",
        "Fri, 1 Mar 2024",
        "Jan-5-24",
        "3/1",
        "\u00a07",
        "\u200b=1",
    ]
    + ["€ 5", "USD 1,000.50", "R$ 5", "(7)", "10 PM", "May 1 2024 10:00 pm", "令和6年3月1日", " =1+1", "US$5"]
    + ["WAHR", "vrai", " Falso ", "ИСТИНА", "ΑΛΗΘΗΣ", "DOĞRU"],
)
def test_what_a_spreadsheet_converts_is_guarded_wherever_its_number_stands(text: str) -> None:
    assert guard(text) == "'" + text
    assert unguard(guard(text)) == text


@pytest.mark.parametrize("separator", [";", "\t", ",", "|", "\n"])
def test_no_formula_is_made_where_a_spreadsheet_splits_at_another_separator(separator: str) -> None:
    tag = f"x{separator}=1+1{separator} -2{separator}y"
    content = csv_file.render(("id", "tag"), [("o1", guard(tag))], Dialect()).decode()
    for splitter in ",;\t|":
        for record in csv.reader(io.StringIO(content, newline=""), delimiter=splitter):
            assert not [cell for cell in record if re.match(r"\s*[=+@-]", cell)]
    assert unguard(guard(tag)) == tag
    assert f'"{guard(tag)}"' in content


@pytest.mark.parametrize(
    "text", ["Senior", "Full-time", "C++", "San Francisco, CA", "'quoted'", "Größe", " spaces "]
)
def test_ordinary_text_is_not_guarded(text: str) -> None:
    assert guard(text) == text


@given(
    st.lists(st.lists(ANYTHING | AWKWARD, min_size=2, max_size=2), max_size=5),
    st.sampled_from(",;\t"),
    st.booleans(),
)
def test_a_written_file_is_read_cell_by_cell(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], delimiter: str, bom: bool
) -> None:
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    kept = [row for row in rows if any(row)]
    path.write_bytes(csv_file.render(["tag", "scope"], kept, Dialect(delimiter, bom)))
    sheet = csv_file.read(path)
    assert [[row.cells["tag"], row.cells["scope"]] for row in sheet.rows] == kept
    assert sheet.dialect == Dialect(delimiter, bom)


def read(tmp_path: Path, content: bytes) -> csv_file.Sheet:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    return csv_file.read(path)


def test_excels_sep_line_is_read(tmp_path: Path) -> None:
    sheet = read(tmp_path, b"sep=;\r\ntag;scope\r\na,b;contact\r\n")
    assert sheet.columns == ("tag", "scope")
    assert sheet.rows[0].cells["tag"] == "a,b"
    assert sheet.rows[0].line == 3


def test_excels_unicode_text_is_read(tmp_path: Path) -> None:
    sheet = read(tmp_path, "tag\tscope\r\nGröße\tcontact\r\n".encode("utf-16"))
    assert sheet.rows[0].cells == {"tag": "Größe", "scope": "contact"}


def test_a_cell_in_the_windows_code_page_does_not_change_the_utf8_beside_it(tmp_path: Path) -> None:
    sheet = read(tmp_path, "tag,note\nGröße,".encode() + "für Müller".encode("cp1252") + b"\n")
    assert sheet.rows[0].cells == {"tag": "Größe", "note": "für Müller"}


def test_missing_trailing_cells_are_empty(tmp_path: Path) -> None:
    sheet = read(tmp_path, b"tag,scope,note\na,contact\n")
    assert sheet.rows[0].cells == {"tag": "a", "scope": "contact", "note": ""}


def test_lines_are_counted_across_cells_with_line_breaks(tmp_path: Path) -> None:
    sheet = read(tmp_path, b'tag,scope\n"a\nb",contact\n\nc,ignore\n')
    assert [row.line for row in sheet.rows] == [2, 5]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b"tag,scope\na,contact,more\n", r"line 2: more cells \(3\) than columns in the header \(2\)"),
        (b'tag,scope\n"a,contact\n', "line 2: not a CSV record"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_its_line(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        read(tmp_path, content)


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"policy\.csv: No such file"):
        csv_file.read(tmp_path / "policy.csv")


@pytest.mark.parametrize(
    ("text", "value"),
    [("0.97", 0.97), ("0,97", 0.97), ("97 %", 0.97), ("'1", 1.0), ("nan", None), ("inf", None)],
)
def test_numbers_are_read_as_spreadsheets_write_them(text: str, value: float | None) -> None:
    assert number(text) == value


def test_an_atomic_write_leaves_no_other_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "t.csv"
    files.write_atomic(path, b"old")
    files.write_atomic(path, b"new")
    assert [file.name for file in path.parent.iterdir()] == ["t.csv"]
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("head", [b"PK\x03\x04\x14\x00", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])
def test_a_workbook_is_refused_with_advice(tmp_path: Path, head: bytes) -> None:
    (tmp_path / "policy.xlsx").write_bytes(head + b"\x00\xff,\n" * 20)
    with pytest.raises(UsageError, match=r"this is a workbook .* save it as CSV"):
        csv_file.read(tmp_path / "policy.xlsx")


@pytest.mark.parametrize("above", ["\n", "Table 1\n", "Our tags; as of May\n;;\n", "sep=;\n", "\r\r"])
def test_what_a_spreadsheet_puts_above_the_header_is_passed_over(tmp_path: Path, above: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(f"{above}tag;scope;note\na, b;contact;\n".encode())
    sheet = csv_file.read(path, needed="tag")
    assert sheet.columns == ("tag", "scope", "note")
    assert (sheet.rows[0].line, sheet.rows[0].cells["tag"]) == (sheet.header + 1, "a, b")


def test_a_file_that_is_no_text_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "tags.parquet"
    path.write_bytes(b"PAR1\x15\x00\x15\xba\x16,\x15\n")
    with pytest.raises(UsageError, match="is not a text file: name the file"):
        csv_file.read(path, needed="tag")


def test_a_file_without_a_header_says_so(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("vip,contact\nb,ignore\n", encoding="utf-8")
    with pytest.raises(UsageError, match="line 1 is no header: no column 'tag' in 'vip,contact'"):
        csv_file.read(path, needed="tag")


@pytest.mark.parametrize(
    ("text", "value"),
    [("1,234", 1234), ("12.345", 12345), ("1 234", 1234), ("1.234,00", 1234), ("7.0", 7), ("0.5", None)],
)
def test_whole_numbers_are_read_with_separators(text: str, value: int | None) -> None:
    assert csv_file.whole(text) == value
