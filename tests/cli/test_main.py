"""The command line: each command once from end to end, and one clear line and a code for what is wrong."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest
from support.clients import reader

from leverkit.analysis.audit import audit
from leverkit.cli.main import main
from leverkit.emulator import Running, running
from leverkit.planning.plan import Plan
from leverkit.policy.policy import Policy
from leverkit.snapshot.pull import pull
from leverkit.storage.lock import user

Command = Callable[..., "Ended"]


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


@pytest.fixture
def leverkit(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Command]:
    """Run commands in this process, in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(signal.SIGTERM)

    def command(*words: str) -> Ended:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        out, err = capfd.readouterr()
        return Ended(int(ended.value.code or 0), out, err)

    yield command
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with a snapshot of such an account as `lever_account`, and the policy of people."""
    folder = tmp_path_factory.mktemp("decided")
    with running(contacts=60, seed=3, rate=None) as account, reader(account) as lever:
        suggested = Policy.suggest(audit(pull(folder / "snapshot", lever=lever)), accept=0.8)
    undecided = [tag for tag, scope in suggested.scopes.items() if scope == "undecided"]
    scopes = {tag: "contact" for tag in undecided if account.truth.get(tag) == "contact"}
    suggested.decide(scopes, by="me").write(folder / "policy.csv")
    return folder


@pytest.fixture
def policy(leverkit: Command, lever_account: Running, decided: Path) -> Path:
    """Give a policy that people decided on, beside its snapshot."""
    shutil.copytree(decided, ".", dirs_exist_ok=True)
    return Path("policy.csv")


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        (OSError(28, "No space left on device", "run/plan.csv"), "run/plan.csv: No space left on device"),
        (sqlite3.OperationalError("database or disk is full"), "database or disk is full"),
    ],
)
def test_a_full_disk_is_one_clear_line(
    leverkit: Command, monkeypatch: pytest.MonkeyPatch, trouble: Exception, message: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise trouble

    monkeypatch.setattr("leverkit.doctor.examine", full)
    ended = leverkit("doctor")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.splitlines()[1:] == [f"leverkit: {message}; fix this, then the same command resumes"]


def test_a_terminal_that_cannot_show_a_tag_does_not_stop_a_command() -> None:
    code = "from leverkit import doctor; from leverkit.cli.main import main; "
    code += "doctor.examine = lambda _: doctor.Checkup((doctor.Check('a', None, 'caf\\u00e9'),)); "
    code += "main(['doctor'])"
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (0, "note     a: caf\\xe9\n")
    assert ended.stderr.splitlines()[1:] == ["everything is ready; next: leverkit pull -o snapshot"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HTTPS_PROXY", "foo://user:hidden@proxy:1"),
        ("ALL_PROXY", "socks5://proxy:1"),
        ("HTTPS_PROXY", "http://user:hidden@[::x"),
        ("SSL_CERT_FILE", "no-such-file.pem"),
        ("SSL_CERT_FILE", __file__),
    ],
)
def test_a_proxy_or_certificates_that_cannot_be_used_are_named_by_their_variable(
    variable: str, value: str
) -> None:
    own = {"LEVER_API_KEY": "k" * 16, "LEVER_BASE_URL": "https://127.0.0.2/v1", variable: value}
    words = [sys.executable, "-m", "leverkit", "doctor"]
    ended = subprocess.run(words, env=os.environ | own, capture_output=True, text=True)
    (line,) = [line for line in ended.stderr.splitlines() if line.startswith("leverkit: ")]
    assert (ended.returncode, "hidden" in line, variable in line) == (64, False, True)


def test_a_wait_for_lever_is_reported(leverkit: Command, lever_account: Running) -> None:
    lever_account.fault("throttle", retry_after=3)
    ended = leverkit("pull", "-o", "snapshot")
    assert ended.code == 0
    why = "Lever refuses with 429, too many requests (for 5 minutes at most)"
    assert f"{why}: waiting 3 s before the next try\n" in ended.err


def test_an_interruption_is_reported_and_says_how_to_go_on(
    leverkit: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("leverkit.doctor.examine", interrupted)
    ended = leverkit("doctor")
    assert (ended.code, ended.out) == (130, "")
    assert ended.err.splitlines()[1:] == ["leverkit: interrupted; the same command resumes"]


def test_an_interrupted_run_says_where_it_stands(
    leverkit: Command, policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt("interrupted, but finished: 1 done of 1 planned; nothing is left to resume")

    leverkit("plan", "snapshot", "--policy", "policy.csv", "-o", "run")
    monkeypatch.setattr(sys.modules["leverkit.migration.apply"], "apply_run", interrupted)
    ended = leverkit("apply", "run", "--approve", Plan.read("run").short)
    assert (ended.code, ended.out) == (130, "")
    assert ended.err.splitlines()[1:] == [
        "leverkit: interrupted, but finished: 1 done of 1 planned; nothing is left to resume"
    ]


def test_the_flow_goes_through_by_single_commands(
    leverkit: Command, policy: Path, lever_account: Running
) -> None:
    start = lever_account.state()["opportunities"]
    audit = leverkit("audit", "snapshot", "--html", "audit.html", "--json")
    assert json.loads(audit.out)["summary"]["opportunities"] == len(start)
    assert "tags:" in leverkit("policy", "check", "policy.csv", "snapshot").out
    plan = json.loads(leverkit("plan", "snapshot", "--policy", "policy.csv", "-o", "run", "--json").out)
    applied = leverkit("apply", "run", "--approve", plan["plan_id"], "--rate", "1000", "--json")
    assert (applied.code, json.loads(applied.out)["counts"]["done"]) == (0, plan["counts"]["operations"])
    assert json.loads(leverkit("status", "run", "--json").out)["next"] == "leverkit verify run"
    assert leverkit("verify", "run").out.startswith("verified")
    status = leverkit("status", "run", "--json")
    assert (json.loads(status.out)["state"], json.loads(status.out)["next"]) == ("finished", "")
    assert "next: everything is done and verified" in status.err
    undo = json.loads(leverkit("rollback", "run", "-o", "undo", "--json").out)
    assert leverkit("verify", "undo", "--detailed-exitcode").code == leverkit("verify", "undo").code == 6
    assert leverkit("apply", "undo", "--approve", undo["plan_id"][:12], "--rate", "1000").code == 0
    assert "verify that rollback: leverkit verify undo" in leverkit("status", "run").err
    assert json.loads(leverkit("verify", "undo", "--json").out)["ok"] is True
    assert lever_account.state()["opportunities"] == start
    for command in ("status", "verify", "replay"):
        assert "the rollback in undo undid this run, and is verified" in leverkit(command, "run").err
    listed = json.loads(leverkit("status", ".", "--approvals", "--json").out)
    assert [session["plan_id"] for session in listed["sessions"]] == [plan["plan_id"], undo["plan_id"]]
    assert f"migrate {plan['plan_id'][:12]}, wave all, " in leverkit("status", ".", "--approvals").out
    assert leverkit("status").code == 64


def test_a_stopped_run_is_reported_with_the_way_on(leverkit: Command, policy: Path) -> None:
    made = leverkit("plan", "snapshot", "--policy", "policy.csv", "-o", "run", "--max-pct", "100")
    short = Plan.read("run").short
    assert made.err.rstrip().endswith(f"next: leverkit apply run --approve {short}")
    Path("run/STOP").touch()
    stopped = leverkit("apply", "run", "--approve", short)
    assert stopped.code == 8
    way = f"operations are left; remove run/STOP, then apply again: leverkit apply run --approve {short}"
    assert stopped.err.rstrip().endswith(way)
    assert (stopped.out + stopped.err).count("stopped by the file STOP") == 1
    Path("run/STOP").unlink()
    verified = leverkit("verify", "run")
    assert (verified.code, f"apply again: leverkit apply run --approve {short}" in verified.err) == (6, True)
    status = leverkit("status", "run")
    assert f"left; apply again: leverkit apply run --approve {short}" in status.err


@pytest.mark.parametrize("command", ["apply", "verify", "rollback", "status", "replay", "plan"])
def test_help_cuts_no_option_off_on_a_narrow_terminal(
    leverkit: Command, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = leverkit(command, "--help").out
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text


def test_suggest_says_what_waits_and_what_has_a_suggestion(leverkit: Command, policy: Path) -> None:
    Path("policy.csv").unlink()
    ended = leverkit("policy", "suggest", "snapshot", "-o", "policy.csv")
    out = ended.out
    undecided = re.search(r" ([\d,]+) undecided", out)
    assert undecided
    assert f"\n{undecided[1]} tags wait for a decision: " in out
    assert "suggested contact" in out
    theirs = sum(row.needs_decision and row.from_posting for row in Policy.read("policy.csv").decisions)
    assert f" tags wait for a decision: {theirs} from postings; of the other " in out
    sure = "from postings; to accept them all: leverkit policy accept policy.csv --min-confidence 0.9"
    assert sure in ended.err
    checked = leverkit("policy", "check", "policy.csv", "snapshot")
    assert f", {theirs} of them from postings: " in checked.out
    assert sure in checked.err


def test_accept_decides_by_name_what_is_sure_and_lists_it(leverkit: Command, policy: Path) -> None:
    Path("policy.csv").unlink()
    leverkit("policy", "suggest", "snapshot", "-o", "policy.csv")
    words = ("policy", "accept", "policy.csv", "--min-confidence", "1")
    taken = json.loads(leverkit(*words, "--scope", "opportunity", "--by", "ada", "--json").out)
    held = {row.tag: row for row in Policy.read("policy.csv").decisions}
    assert taken
    for row in taken:
        assert (row["scope"], row["decided_by"], row["confidence"] >= 0.99) == ("opportunity", "ada", True)
        assert (held[row["tag"]].scope, held[row["tag"]].decided_at) == ("opportunity", row["decided_at"])
    assert {row.scope for row in held.values()} == {"opportunity", "undecided"}
    again = leverkit(*words, "--scope", "opportunity")
    assert "accepted 0\n" in again.out
    rest = leverkit(*words[:-1], "0.9")
    assert re.search(r"\n +(contact|opportunity) +\d+% sure  \S", "\n" + rest.out)
    assert {row.decided_by for row in Policy.read("policy.csv").decisions} == {"", "ada", user()}


def test_accept_lists_what_will_be_copied_last_and_tags_of_postings_first(
    leverkit: Command, policy: Path
) -> None:
    rows = ["speaks German,contact,no", "interviewed,opportunity,no", "Berlin,opportunity,yes"]
    header = "tag,suggested_scope,posting_tag,confidence,scope"
    text = "\n".join([header, *(f"{row},0.95," for row in rows)])
    policy.write_text(text, encoding="utf-8")
    taken = leverkit("policy", "accept", "policy.csv", "--min-confidence", "0.9")
    assert re.findall(r"sure  (.+)", taken.out) == ["Berlin", "interviewed", "speaks German"]


def test_decisions_are_asked_for_and_taken_by_tag_and_by_family(leverkit: Command, policy: Path) -> None:
    rows = [f"Batch {number},,Batch *,30,0.6" for number in range(3)] + ["odd,,,7,0.6"]
    text = "\n".join(["tag,scope,family,missing,confidence", *rows])
    policy.write_text(text, encoding="utf-8")
    asked = json.loads(leverkit("policy", "next", "policy.csv", "--json").out)
    assert [(item["name"], item["gaps"]) for item in asked] == [("Batch *", 90), ("odd", 7)]
    shown = leverkit("policy", "next", "policy.csv")
    assert shown.out.startswith("97 of 97 gaps left to decide, in 2 decisions: 1 family and 1 other tag\n")
    assert "leverkit policy decide policy.csv SCOPE --family 'Batch *'" in shown.err
    taken = leverkit("policy", "decide", "policy.csv", "contact", "--family", "Batch *", "--by", "ada")
    assert "decided 3: 1 family\n" in taken.out
    assert "7 of 97 gaps left to decide, in 1 decision\n" in taken.out
    leverkit("policy", "decide", "policy.csv", "ignore", "--tag", "odd")
    held = [(row.scope, row.decided_by, row.decided_with) for row in Policy.read("policy.csv").decisions]
    assert held == [("contact", "ada", "family")] * 3 + [("ignore", user(), "")]
    assert leverkit("policy", "decide", "policy.csv", "ignore").code == 64
    assert leverkit("policy", "decide", "policy.csv", "ignore", "--family", "Batch").code == 64


def test_without_a_contact_tag_the_next_step_is_to_decide_one(leverkit: Command, policy: Path) -> None:
    policy.write_text("tag,scope\nvip,opportunity\n", encoding="utf-8")
    message = "next: no tag has the scope contact yet, so a plan would be empty; write contact in policy.csv "
    assert message in leverkit("policy", "check", "policy.csv", "snapshot").err
    assert message in leverkit("plan", "snapshot", "--policy", "policy.csv", "-o", "run").err
    accepted = leverkit("policy", "accept", "policy.csv", "--min-confidence", "0.9")
    assert accepted.err.endswith("next: leverkit policy check policy.csv snapshot\n")


def test_the_audit_leads_to_the_policy_and_takes_no_option_without_effect(
    leverkit: Command, policy: Path
) -> None:
    assert leverkit("audit", "snapshot").err.endswith("next: leverkit policy check policy.csv snapshot\n")
    policy.unlink()
    ended = leverkit("audit", "snapshot", "--html", "a.html", "--anonymise")
    assert ended.err.endswith("next: leverkit policy suggest snapshot -o policy.csv\n")
    refused = leverkit("audit", "snapshot", "--anonymise")
    assert (refused.code, "add --html FILE" in refused.err) == (64, True)


def test_changes_tell_what_the_last_pull_found(leverkit: Command, lever_account: Running) -> None:
    pulled = ("pull", "-o", "snapshot", "--rate", "1000")
    asked = ("changes", "snapshot", "--detailed-exitcode")
    assert leverkit("changes", "snapshot").code == 64
    assert leverkit(*pulled).code == 0
    assert leverkit(*asked).code == 0
    shutil.copytree("snapshot", "earlier")
    lever_account.add_tags(min(lever_account.state()["opportunities"]), ["from an integration"])
    leverkit(*pulled)
    found = leverkit(*asked, "--html", "changes.html")
    assert (found.code, Path("changes.html").exists()) == (2, True)
    assert re.search(r"\b1 +0 +0 +0  from an integration$", found.out, re.MULTILINE)
    assert json.loads(leverkit(*asked, "--json").out)["taggings"][0]["kind"] == "added_by_others"
    assert leverkit("changes", "earlier", "snapshot").out == found.out
    assert leverkit("changes", "snapshot", "earlier").code == 64
    refused = leverkit("changes", "snapshot", "--since", "March")
    assert (refused.code, "2026-03-31" in refused.err) == (64, True)


def test_the_plan_has_a_line_a_tag_and_can_be_of_one_tag(leverkit: Command, policy: Path) -> None:
    words = ("plan", "snapshot", "--policy", "policy.csv", "-o", "run")
    out = leverkit(*words).out
    whole = Plan.read("run")
    tag = whole.operations[0].tag
    adds = [operation for operation in whole.operations if operation.tag == tag]
    people = len({operation.contact for operation in adds})
    assert re.search(rf"\n +{people} +{len(adds)} +0  {re.escape(tag)}\n", out)
    ended = leverkit(*words, "--only-tag", tag)
    assert Plan.read("run").operations == tuple(adds)
    assert "note: only 1 of " in ended.err
    assert leverkit(*words, "--only-tag", tag[:-1]).code == 64
    assert f"did you mean {tag!r}?" in leverkit(*words, "--only-tag", tag[:-1]).err


def test_one_page_says_how_the_account_stands_and_what_comes_next(leverkit: Command, policy: Path) -> None:
    ended = leverkit("overview", ".", "-o", "overview.html")
    assert ended.code == 0
    headline, *steps = ended.out.splitlines()
    assert re.match(r"\d+ gaps? on \d+ opportunit(y|ies) of \d+ (person|people): ", headline)
    assert steps
    page = Path("overview.html").read_text(encoding="utf-8")
    assert headline in page
    ended = leverkit("overview")
    assert (ended.code, "no account was read into" in ended.err) == (64, True)


def test_every_mistake_in_a_policy_is_reported_with_its_line(leverkit: Command, policy: Path) -> None:
    text = policy.read_text(encoding="utf-8").splitlines(keepends=True)
    text[1] = text[1].replace(",undecided,", ",contct,").replace(",contact,", ",contct,", 1)
    text[3] = "nonsense,person\n"
    policy.write_text("".join(text), encoding="utf-8")
    ended = leverkit("policy", "check", "policy.csv", "snapshot")
    assert ended.code == 64
    assert [line.partition(":")[0] for line in ended.err.splitlines()[:3]] == [
        "leverkit",
        "policy.csv, line 2, column scope",
        "policy.csv, line 4, column scope",
    ]


def test_without_approval_the_plan_is_shown_and_nothing_sent(
    leverkit: Command, policy: Path, lever_account: Running
) -> None:
    leverkit("plan", "snapshot", "--policy", "policy.csv", "-o", "run")
    lever_account.clear_log()
    ended = leverkit("apply", "run")
    assert (ended.code, lever_account.log()) == (4, [])
    assert ended.out.startswith("Plan ")
    assert "--approve" in ended.err


def test_differences_have_a_code_only_when_asked_for(leverkit: Command, policy: Path) -> None:
    assert leverkit("audit", "snapshot").code == 0
    assert leverkit("audit", "snapshot", "--detailed-exitcode").code == 2
    words = ("plan", "snapshot", "--policy", "policy.csv", "-o", "run")
    assert (leverkit(*words).code, leverkit(*words, "--detailed-exitcode").code) == (0, 2)


def test_the_code_of_differences_stands_in_for_0_alone(
    leverkit: Command, policy: Path, lever_account: Running
) -> None:
    leverkit("plan", "snapshot", "--policy", "policy.csv", "-o", "run")
    planned = Plan.read("run").operations[0]

    def codes(command: str) -> tuple[int, int]:
        return leverkit(command, "run").code, leverkit(command, "run", "--detailed-exitcode").code

    assert codes("verify") == (6, 6)
    leverkit("apply", "run", "--approve", Plan.read("run").short, "--rate", "1000")
    assert (codes("verify"), codes("replay")) == ((0, 0), (0, 0))
    lever_account.add_tags(planned.opportunity, ["from somebody else"])
    assert (codes("verify"), codes("replay")) == ((0, 2), (0, 2))
    lever_account.remove_tags(planned.opportunity, [planned.tag])
    assert codes("verify") == (3, 3)


def test_the_version_is_reported(leverkit: Command) -> None:
    ended = leverkit("--version")
    assert (ended.code, ended.out) == (0, f"leverkit {version('leverkit')}\n")


def test_a_usage_error_of_the_emulator_is_64_and_one_line(leverkit: Command) -> None:
    ended = leverkit("emulator", "--wrong")
    line = "leverkit emulator: unrecognized arguments: --wrong. Try `leverkit emulator --help`.\n"
    assert (ended.code, ended.out, ended.err) == (64, "", line)


def test_people_read_on_stderr_and_machines_on_stdout(leverkit: Command, policy: Path) -> None:
    ended = leverkit("pull", "-o", "snapshot", "--json")
    assert json.loads(ended.out)["complete"] is True
    assert "next: leverkit audit" in leverkit("pull", "-o", "snapshot").err


def test_a_brake_names_its_flag(leverkit: Command, policy: Path) -> None:
    ended = leverkit("plan", "snapshot", "--policy", "policy.csv", "-o", "run", "--max-ops", "1")
    assert ended.code == 5
    assert "--max-ops 1" in ended.err


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        (("audit", "nowhere"), 64, "nowhere is not a snapshot"),
        (("plan", "nowhere", "--policy", "none.csv", "-o", "run"), 64, "none.csv"),
        (("verify", "nowhere"), 64, "no plan.json here"),
        (("pull",), 64, "Missing option '-o'"),
        (("pull", "-o", "x", "--rate", "fast"), 64, "--rate"),
        (("fetch",), 64, "No such command 'fetch'"),
        (("run", "absent.ipynb", "-o", "x"), 64, "cannot be read as a notebook"),
        (("run", "absent.ipynb", "-o", "x", "-p", "mode"), 64, "-p takes name=value, not 'mode'"),
        (("pull", "-o", "snapshot"), 1, "GET /archive_reasons: no answer"),
    ],
)
def test_what_is_wrong_is_reported_in_one_line(
    leverkit: Command, words: tuple[str, ...], code: int, line: str
) -> None:
    ended = leverkit(*words)
    assert (ended.code, ended.out) == (code, "")
    last = ended.err.splitlines()[-1]
    assert last.startswith("leverkit: ")
    assert line in last
    assert "Traceback" not in ended.err


def test_a_wrong_key_has_its_own_code_and_leaves_no_folder(
    leverkit: Command, lever_account: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEVER_API_KEY", "wrong")
    ended = leverkit("pull", "-o", "snapshot")
    assert (ended.code, Path("snapshot").exists()) == (12, False)
    assert "wrong" not in ended.err.replace("the key is wrong", "")


def test_a_damaged_snapshot_is_named(leverkit: Command, policy: Path) -> None:
    file = Path("snapshot/opportunities.parquet")
    file.write_bytes(file.read_bytes()[:-9])
    ended = leverkit("audit", "snapshot")
    assert ended.code == 64
    assert "opportunities.parquet is not as it was pulled" in ended.err


def test_debug_shows_where_an_error_comes_from(leverkit: Command) -> None:
    assert "Traceback" not in leverkit("audit", "nowhere").err
    assert "Traceback" in leverkit("--debug", "audit", "nowhere").err


def test_the_check_up_is_printed_for_people_and_machines(leverkit: Command, lever_account: Running) -> None:
    ended = leverkit("doctor")
    assert "ok       account: " in ended.out
    assert ended.err.endswith("everything is ready; next: leverkit pull -o snapshot\n")
    assert {check["what"] for check in json.loads(leverkit("doctor", "--json").out)["checks"]} > {
        "key",
        "kernel",
    }


def test_a_notebook_runs_as_a_job(leverkit: Command, lever_account: Running) -> None:
    page = str(Path(__file__).parents[2] / "notebooks" / "30_migrate.ipynb")
    good = leverkit("run", page, "-o", "job", "-p", "rate=500", "--json")
    assert (good.code, json.loads(good.out)["status"]) == (0, "done")
    last, following = good.err.splitlines()[-2:]
    assert last == "30_migrate.ipynb done; open job/30_migrate.html"
    assert following.startswith("next: The plan is empty because no tag has the scope contact in ")
    record = json.loads(good.out)
    assert len(record["plan_id"]) == 64
    assert Path(record["run_folder"], "plan.json").exists()
    assert (record["account"] in record["run_folder"], set(record["counts"].values())) == (True, {0})
    assert record["verdict"].startswith("Nothing to do")
    bad = leverkit("run", page, "-o", "job", "-p", "mode=apply", "-p", f"approve={'0' * 12}")
    assert bad.code == 64
    assert json.loads(leverkit("status", "job", "--json").out)["status"] == "failed"
    assert "no migrate plan 000000000000" in bad.err


def test_a_misspelled_parameter_starts_nothing(leverkit: Command) -> None:
    page = str(Path(__file__).parents[2] / "notebooks" / "30_migrate.ipynb")
    ended = leverkit("run", page, "-o", "job", "-p", "mod=apply")
    assert (ended.code, Path("job").exists()) == (64, False)
    assert "unknown parameter mod; did you mean 'mode'?" in ended.err


@pytest.mark.parametrize(
    "words",
    [
        ["pull"],
        ["audit"],
        ["policy", "suggest"],
        ["policy", "accept"],
        ["policy", "check"],
        ["plan"],
        ["apply"],
        ["verify"],
    ]
    + [["rollback"], ["status"], ["run"], ["doctor"], ["demo"]],
    ids=" ".join,
)
def test_help_teaches_by_an_example(leverkit: Command, words: list[str]) -> None:
    ended = leverkit(*words, "--help")
    assert ended.code == 0
    assert f"Example: leverkit {' '.join(words)}" in ended.out


def test_help_tells_every_exit_code(leverkit: Command) -> None:
    text = " ".join(leverkit("--help").out.split())
    for code in ("0 done", "3 partial", "5 brake", "12 access denied", "64 usage", "130 interrupted"):
        assert code in text


def test_help_loads_nothing_heavy() -> None:
    code = "import sys; from leverkit.cli.app import app; app(['--help'], standalone_mode=False); "
    code += "print(*{name.split('.')[0] for name in sys.modules}, file=sys.stderr)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"pandas", "duckdb", "papermill", "matplotlib", "nbformat", "uvicorn", "httpx", "jinja2", "rich"}
    assert "Commands:" in ended.stdout
    assert heavy.isdisjoint(ended.stderr.split())


def test_help_tells_what_a_command_does_to_the_end_of_the_sentence(
    leverkit: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for words in ([], ["policy"]):
        assert "..." not in leverkit(*words, "--help").out.replace("COMMAND [ARGS]...", "")


def test_the_emulator_tells_where_it_is_on_its_first_line() -> None:
    command = [sys.executable, "-m", "leverkit", "emulator", "--contacts", "20"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
    assert set(json.loads(line)) == {"base_url", "api_key", "pid"}
    assert process.returncode == 0


def test_a_parameter_that_is_given_twice_is_refused(leverkit: Command) -> None:
    ended = leverkit("run", "page.ipynb", "-o", "job", "-p", "n=1", "-p", "n=2")
    assert (ended.code, "-p n is given twice; keep one" in ended.err) == (64, True)
