"""`scan --fix` changes paths alone, shows what it would do, and leaves what a person has to decide."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.accounts import split_contacts

from leverkit.cli.main import main
from leverkit.emulator import Running
from leverkit.errors import UsageError
from leverkit.scanner.fix import fixes
from leverkit.scanner.scan import scan, survey

SAMPLES = Path(__file__).parents[1] / "samples"
PROGRAMS = SAMPLES / "fixable"
BASE = 'const BASE = "https://api.lever.co/v1";\n'
RUNNERS = {
    ".py": (sys.executable,),
    ".mjs": ("node",),
    ".sh": ("bash",),
    ".rb": ("ruby",),
    ".go": ("go", "run"),
    ".java": ("java",),
    ".php": ("php", "-d", "display_errors=stderr"),
}


def fixed(path: Path) -> str:
    """Return a file as `--fix` would leave it."""
    changes = fixes(scan([path]))
    return changes[0].after.decode() if changes else path.read_text()


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def command(*arguments: str) -> object:
    """Run leverkit in this process and return its exit code."""
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return ended.value.code


def run(program: Path, *arguments: str) -> str:
    """Run a program and return what it printed."""
    runner = RUNNERS[program.suffix]
    missing = [
        tool for tool in (runner[0], *(["jq"] if program.suffix == ".sh" else [])) if not shutil.which(tool)
    ]
    if missing:
        pytest.skip(f"{missing[0]} is not installed here, so {program.name} was not run")
    call, own = [*runner, str(program), *arguments], os.environ | {"NO_PROXY": "127.0.0.1"}
    done = subprocess.run(call, capture_output=True, text=True, env=own, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def check_program(name: str, account: Running, folder: Path) -> None:
    """Check that a fixed program calls no deprecated endpoint, does as before, and tags all if it loops."""
    contact, opportunities = next(iter(split_contacts(account, 3).items()))
    target, reached = (
        (contact, set(opportunities)) if "all" in name.lower() else (opportunities[0], {opportunities[0]})
    )
    before = run(PROGRAMS / name, target, "first")
    account.clear_log()
    after = run(write(folder / name, fixed(PROGRAMS / name)), target, "second")
    assert sorted(after.split()) == sorted(before.split()) == sorted(reached)
    assert not [entry for entry in account.log() if "/candidates" in entry["path"]]
    tags = account.state()["opportunities"]
    for tag in ("first", "second"):
        assert {one for one, own in tags.items() if tag in own} == reached


@pytest.mark.parametrize("name", ["tag_one.py", "tag_all.py"])
def test_a_fixed_program_does_as_before_without_a_deprecated_endpoint(
    name: str, lever_account: Running, tmp_path: Path
) -> None:
    check_program(name, lever_account, tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize("name", sorted(path.name for path in PROGRAMS.iterdir() if path.suffix != ".py"))
def test_fixed_programs_of_other_languages_do_as_before(
    name: str, lever_account: Running, tmp_path: Path
) -> None:
    check_program(name, lever_account, tmp_path)


def test_where_no_loop_follows_the_finding_stays_as_a_write_to_one_opportunity() -> None:
    changes = fixes(scan([PROGRAMS]))
    left = survey([PROGRAMS], instead={change.path: change.after for change in changes}).findings
    assert {(Path(found.path).stem, found.code) for found in left} == {("tag_one", "LK306")}


def test_samples_keep_only_what_is_not_mechanical() -> None:
    """Method names, addPostings, described paths, lists, and constants used to create or compare too."""
    changes = fixes(scan([SAMPLES]))
    left = survey([SAMPLES], instead={change.path: change.after for change in changes}).findings
    deprecated = {Path(found.path).name for found in left if found.code in ("LK301", "LK302", "LK303")}
    assert len(changes) > 30
    assert deprecated == {
        "LeverLists.cs",
        "client.go",
        "fragments.py",
        "lever_client.rb",
        "lists.py",
        "lists.rb",
        "openapi.yaml",
        "tag.sh",
        "wrapper.py",
    }


def test_nothing_is_written_without_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "old.js", BASE + "exports.all = () => fetch(`${BASE}/candidates`);\n")
    assert command("scan", "--fix", str(path)) == 0
    shown = capsys.readouterr()
    assert "+exports.all = () => fetch(`${BASE}/opportunities`);" in shown.out
    assert "nothing was written" in shown.err
    assert "/candidates" in path.read_text()


def test_write_changes_the_file_and_keeps_its_mode(tmp_path: Path) -> None:
    path = write(tmp_path / "old.js", BASE + "exports.all = () => fetch(`${BASE}/candidates`);\n")
    path.chmod(0o755)
    assert command("scan", "--fix", "--write", str(path)) == 0
    assert path.read_text() == BASE + "exports.all = () => fetch(`${BASE}/opportunities`);\n"
    assert path.stat().st_mode & 0o777 == 0o755


@pytest.mark.skipif(not shutil.which("patch"), reason="`patch` is not installed here")
def test_the_diff_can_be_applied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "Makefile", "all:\n\tcurl https://api.lever.co/v1/candidates\n")
    command("scan", "--fix", str(path))
    subprocess.run(["patch", str(path)], input=capsys.readouterr().out, text=True, check=True)
    assert path.read_text() == "all:\n\tcurl https://api.lever.co/v1/opportunities\n"


@pytest.mark.parametrize("options", [["--write"], ["--fix", "--json"]])
def test_options_that_do_not_go_together_are_refused(options: list[str], tmp_path: Path) -> None:
    assert command("scan", *options, str(tmp_path)) == UsageError.exit_code


def test_a_constant_that_is_used_for_something_else_stays(tmp_path: Path) -> None:
    own = "const LIST = '/candidates';\napp.get(LIST, page);\nexports.all = () => fetch(BASE + LIST);\n"
    path = write(tmp_path / "routes.js", BASE + own)
    assert [found.code for found in scan([path])] == ["LK303"]
    assert fixed(path) == path.read_text()


def test_a_constant_that_also_creates_stays(tmp_path: Path) -> None:
    code = "const LIST = '/candidates';\nexports.all = () => fetch(BASE + LIST);\n"
    path = write(tmp_path / "lever.js", BASE + code + "exports.add = () => axios.post(BASE + LIST, {});\n")
    assert [found.code for found in scan([path])] == ["LK303", "LK304"]
    assert fixed(path) == path.read_text()


def test_a_constant_that_creates_in_another_file_stays(tmp_path: Path) -> None:
    own = "export const LIST = '/candidates';\nexport const all = () => fetch(BASE + LIST);\n"
    path = write(tmp_path / "lever.ts", BASE + own)
    assert "/opportunities" in fixed(path)
    other = "import { LIST } from './lever';\nexport const add = () => axios.post(BASE + LIST, {});\n"
    write(tmp_path / "add.ts", BASE + other)
    assert [found.code for found in scan([tmp_path])] == ["LK304", "LK303"]
    assert fixes(scan([tmp_path])) == []


def test_other_signs_that_end_a_line_elsewhere_do_not_shift_the_change(tmp_path: Path) -> None:
    text = BASE + "// a\x0cb \u2028 c\rd\nexports.all = () => fetch(`${BASE}/candidates`);\n"
    path = tmp_path / "old.js"
    path.write_bytes(text.encode())
    (change,) = fixes(scan([path]))
    assert change.after.decode() == text.replace("/candidates", "/opportunities")
    assert sum(line.startswith(("+", "-")) for line in change.diff().split("\n")) == 4


def test_the_name_of_the_id_follows_where_one_expression_has_it_twice(tmp_path: Path) -> None:
    text = 'post(B + "/candidates/%(candidate_id)s/notes" % {"candidate_id": one})\n'
    path = write(tmp_path / "old.py", 'B = "https://api.lever.co/v1"\n' + text)
    assert '"/opportunities/%(opportunity_id)s/notes" % {"opportunity_id": one}' in fixed(path)
    path.write_text('B = "https://api.lever.co/v1"\npost(f"{B}/candidates/{candidate_id}/notes")\n')
    assert 'f"{B}/opportunities/{candidate_id}/notes"' in fixed(path)
