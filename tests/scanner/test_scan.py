"""The scanner finds what the samples say, in every language, and reports it as text, JSON and SARIF."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from leverkit.errors import UsageError
from leverkit.scanner import RULES, Finding, syntax
from leverkit.scanner.scan import scan, survey, to_json, to_sarif, to_text

SAMPLES = Path(__file__).parents[1] / "samples"
OLD = 'import requests\nrequests.get("https://api.lever.co/v1/candidates")\n'
_EXPECT = re.compile(r"expect(?:\[\+(\d)\])?: ((?:LK\d{3}(?:, )?)+)")


def expected(folder: Path) -> set[tuple[str, int, str]]:
    """Read what the comments of the samples expect: `expect: CODE` here, `expect[+2]: CODE` two lines on."""
    found = set()
    for path in filter(Path.is_file, folder.rglob("*")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for shift, codes in _EXPECT.findall(line):
                found |= {(str(path), number + int(shift or 0), code) for code in re.findall(r"LK\d+", codes)}
    return found


def places(findings: list[Finding]) -> list[tuple[int, int, str]]:
    return [(finding.line, finding.column, finding.code) for finding in findings]


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize("folder", sorted(path.name for path in SAMPLES.iterdir()))
def test_samples_give_the_findings_that_their_comments_say(folder: str) -> None:
    found = {(finding.path, finding.line, finding.code) for finding in scan([SAMPLES / folder])}
    wanted = expected(SAMPLES / folder)
    assert (sorted(wanted - found), sorted(found - wanted)) == ([], []), "(missing, unexpected)"


def test_every_code_has_a_sample() -> None:
    assert {code for _, _, code in expected(SAMPLES)} == set(RULES)


def test_codes_keep_their_meaning() -> None:
    assert {code: rule.name for code, rule in RULES.items()} == {
        "LK301": "CandidateTags",
        "LK302": "CandidateWrite",
        "LK303": "CandidateRead",
        "LK304": "CandidateCreate",
        "LK305": "CreateToTag",
        "LK306": "TagOnOne",
        "LK307": "CandidateIdAsPerson",
        "LK308": "WebhookSignature",
        "LK309": "NoSuchEndpoint",
        "LK390": "SuppressionWithoutReason",
    }


def test_a_finding_names_its_place_and_what_to_do_instead(tmp_path: Path) -> None:
    path = write(tmp_path / "old.py", OLD)
    (found,) = scan([path])
    assert str(found).startswith(f"{path}:2:14: [LK303] deprecated candidate endpoint that reads")
    assert "/opportunities" in found.replacement
    assert to_text([found]) == f"{found}\n    {found.replacement}\n"


def test_columns_count_characters_not_bytes(tmp_path: Path) -> None:
    path = write(tmp_path / "old.py", 'é = get("https://api.lever.co/v1/candidates")\n')
    assert places(scan([path])) == [(1, 9, "LK303")]


def test_text_matches_say_that_they_are(tmp_path: Path) -> None:
    path = write(tmp_path / "old.kt", 'val all = http.get("https://api.lever.co/v1/candidates")\n')
    (found,) = scan([path])
    assert found.how == "text"
    assert str(found).endswith("(text match)")


@pytest.mark.parametrize("sample", ["python/requests_whole_url.py", "shell/tag.sh", "csharp/LeverTagger.cs"])
def test_without_grammars_whole_urls_are_still_found(sample: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syntax, "parser", lambda language: None)
    found = scan([SAMPLES / sample])
    assert {finding.how for finding in found} == {"text"}
    assert "LK301" in {finding.code for finding in found}


def test_codes_can_be_chosen() -> None:
    assert {finding.code for finding in scan([SAMPLES], codes=["LK301", "LK308"])} == {"LK301", "LK308"}


def test_findings_are_sorted_and_the_same_each_time() -> None:
    first = scan([SAMPLES])
    assert first == sorted(first) == scan([SAMPLES])


def test_a_path_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        scan([tmp_path / "nowhere"])


def test_gitignore_is_respected_also_in_subfolders(tmp_path: Path) -> None:
    for name in ("kept.py", "made.py", "sub/kept.py", "sub/made.py", "out/a.py"):
        write(tmp_path / name, OLD)
    write(tmp_path / ".gitignore", "/made.py\nout/\n")
    write(tmp_path / "sub/.gitignore", "made.py\n")
    result = survey([tmp_path])
    assert [Path(finding.path).relative_to(tmp_path).as_posix() for finding in result.findings] == [
        "kept.py",
        "sub/kept.py",
    ]
    assert result.skipped["ignored by .gitignore"] == 2
    assert result.skipped["ignored by .gitignore folder"] == 1


def test_the_gitignore_of_the_repository_above_counts(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    write(tmp_path / ".gitignore", "made.py\nout/\n")
    for name in ("src/made.py", "src/kept.py", "out/old.py"):
        write(tmp_path / name, OLD)
    assert [Path(finding.path).name for finding in scan([tmp_path / "src"])] == ["kept.py"]
    assert len(scan([tmp_path / "out"])) == 1, "a folder asked for by name is read"


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("node_modules/a/index.js", OLD, "vendored folder"),
        ("big.py", OLD + "#" * 1_000_000, "huge"),
        ("photo.py", OLD + "\0", "binary"),
        ("app.min.js", OLD, "minified"),
        ("bundle.js", OLD + "x=1;" * 3000, "minified"),
        ("notes.md", OLD, "not a source"),
        ("package-lock.json", OLD, "not a source"),
    ],
)
def test_what_is_passed_over_is_counted(tmp_path: Path, name: str, text: str, reason: str) -> None:
    write(tmp_path / name, text)
    result = survey([tmp_path])
    assert (result.findings, result.files, dict(result.skipped)) == ((), 0, {reason: 1})


def test_what_was_built_is_read_where_a_package_holds_nothing_else(tmp_path: Path) -> None:
    for name in (
        "package.json",
        "README.md",
        "index.js",
        "bin/run",
        "dist/lever.js",
        "dist/node_modules/a.js",
    ):
        write(tmp_path / name, OLD if name.endswith("js") and "/" in name else "{}")
    assert [Path(finding.path).name for finding in scan([tmp_path])] == ["lever.js"]
    write(tmp_path / "src/lever.ts", OLD)
    assert [Path(finding.path).name for finding in scan([tmp_path])] == ["lever.ts"]


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link.py").symlink_to(write(tmp_path / "old.py", OLD))
    result = survey([tmp_path])
    assert (len(result.findings), dict(result.skipped)) == (1, {"symbolic link": 1})


def test_a_file_named_outright_is_read_wherever_it_lies(tmp_path: Path) -> None:
    assert len(scan([write(tmp_path / "vendor/old.py", OLD)])) == 1


def test_a_script_without_a_suffix_is_known_by_its_first_line(tmp_path: Path) -> None:
    path = write(tmp_path / "tag", "#!/bin/sh\ncurl https://api.lever.co/v1/candidates\n")
    assert places(scan([path])) == [(2, 6, "LK303")]


def test_a_notebook_is_found_where_its_json_has_it() -> None:
    path = SAMPLES / "data" / "audit.ipynb"
    found = scan([path])
    for finding in found:
        line = path.read_text().splitlines()[finding.line - 1]
        assert line[finding.column - 1 :].startswith(('f\\"{BASE}/candidates', "BASE + '/candidates/'"))
    assert len(found) == 2


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"cells": 1}', '{"item": [{"request": {"url": 5}}]}', '{"item": {"request": 1}}']
)
def test_broken_notebooks_and_collections_are_no_error(tmp_path: Path, text: str) -> None:
    write(tmp_path / "a.ipynb", text)
    write(tmp_path / "b.json", text)
    assert scan([tmp_path]) == []


def test_a_collection_may_keep_its_urls_in_pieces(tmp_path: Path) -> None:
    url = {"host": ["{{base}}"], "path": ["candidates", ":id", "addTags"]}
    items = [{"item": [{"request": {"method": "POST", "url": url}}]}]
    path = write(tmp_path / "c.json", json.dumps({"info": {"name": "Lever"}, "item": items}))
    assert [finding.code for finding in scan([path])] == ["LK301"]


def test_deep_nesting_and_broken_syntax_are_no_error(tmp_path: Path) -> None:
    deep = "\n+ ".join(["x"] * 3000)
    write(
        tmp_path / "deep.py", f"url = ({deep} + '/candidates')\nget('https://api.lever.co/v1/candidates')\n"
    )
    write(
        tmp_path / "self.py",
        "url = url + '/candidates'\nbase = url\nurl = base\nlever.get(url + '/1/addTags')\n",
    )
    write(tmp_path / "broken.rb", "class Lever\n  def x(\n lever.get('/candidates')\n")
    found = {(Path(finding.path).name, finding.code, finding.how) for finding in scan([tmp_path])}
    assert found >= {("deep.py", "LK303", "text"), ("broken.rb", "LK303", "parsed")}


def test_a_constant_of_another_project_does_not_count(tmp_path: Path) -> None:
    write(tmp_path / "one/package.json", "{}")
    write(tmp_path / "two/package.json", "{}")
    write(tmp_path / "one/config.js", "export const ROOT_URL = 'https://api.lever.co/v1';\n")
    use = "export const all = () => get(`${ROOT_URL}/candidates`);\n"
    write(tmp_path / "one/use.js", use)
    write(tmp_path / "two/use.js", use)
    assert [Path(finding.path).parent.name for finding in scan([tmp_path])] == ["one"]


def test_a_suppression_without_a_reason_is_a_finding_and_has_no_effect(tmp_path: Path) -> None:
    path = write(tmp_path / "old.py", OLD.replace(")\n", ")  # leverkit: ignore[LK303]\n"))
    assert [code for _, _, code in places(scan([path]))] == ["LK303", "LK390"]


def test_a_suppression_with_a_reason_holds_for_its_line_and_its_codes(tmp_path: Path) -> None:
    path = write(tmp_path / "old.py", OLD.replace(")\n", ")  # leverkit: ignore[LK303] until May\n"))
    assert scan([path]) == []
    path.write_text(path.read_text().replace("LK303", "LK301"))
    assert [code for _, _, code in places(scan([path]))] == ["LK303"]


def test_json_holds_every_field_of_every_finding() -> None:
    found = scan([SAMPLES / "python"])
    assert [Finding(**row) for row in json.loads(to_json(found))] == found
    assert json.loads(to_json([])) == []


def test_sarif_keeps_the_rules_of_2_1_0() -> None:
    found = scan([SAMPLES])
    log = json.loads(to_sarif(found, version="1.2.3"))
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert (log["version"], driver["name"], driver["version"]) == ("2.1.0", "leverkit", "1.2.3")
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(set(ids)) == len(ids)
    assert all(rule["shortDescription"]["text"] and rule["help"]["text"] for rule in driver["rules"])
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    assert len(run["results"]) == len(found)
    for result, finding in zip(run["results"], found, strict=True):
        assert ids[result["ruleIndex"]] == result["ruleId"] == finding.code
        assert result["level"] in ("none", "note", "warning", "error")
        (place,) = (location["physicalLocation"] for location in result["locations"])
        assert place["region"] == {"startLine": finding.line, "startColumn": finding.column}
        assert place["region"]["startLine"] >= 1
        assert re.match(r"file:///|[^/\s:]+/", place["artifactLocation"]["uri"])


def test_sarif_paths_are_relative_and_escaped_where_the_scan_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "my src" / "old.py", OLD)
    monkeypatch.chdir(tmp_path)
    (result,) = json.loads(to_sarif(scan(["my src"])))["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "my%20src/old.py"


def test_importing_the_scanner_loads_no_grammar() -> None:
    code = "import sys, leverkit.scanner.scan; print([n for n in sys.modules if n.startswith('tree_sitter')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_a_fifo_named_gitignore_is_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".gitignore")
    (tmp_path / "a.py").write_text("x = 1\n")
    assert survey([tmp_path]).files == 1
