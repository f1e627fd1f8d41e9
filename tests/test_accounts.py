"""accounts.toml: what it may hold, what is refused, and that no value that may be a key is shown."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from leverkit.accounts import AccountEntry
from leverkit.accounts_file import read_accounts_file
from leverkit.api.auth import may_be_key
from leverkit.errors import KeyMissing, UsageError
from leverkit.settings import Settings, connect, workspace

KEY = "kT9f2LmQ7xZr4VbN8wYc3HdJ6sGp1AeU"  # what a key looks like; it opens nothing
ALPHA = '[alpha]\nkey_env = "LEVER_KEY_ALPHA"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "accounts.toml"
    path.write_text(text, encoding="utf-8")
    return path


def entry(folder: Path, text: str) -> AccountEntry:
    return read_accounts_file(written(folder, text)).entry("alpha")


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(UsageError) as raised:
        read_accounts_file(written(folder, text))
    return str(raised.value)


def settings(**environ: str) -> Settings:
    return Settings.from_environment({"LEVERKIT_ACCOUNT": "alpha", **environ}, {})


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder that only this user can write."""
    tmp_path.chmod(0o700)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_account_has_what_its_table_says_and_else_what_the_defaults_say(tmp_path: Path) -> None:
    found = entry(
        tmp_path,
        '[defaults]\nbase_url = "https://api.sandbox.lever.co/v1"\npolicy = "common.csv"\n'
        "brakes = { max_ops = 100, max_pct = 5 }\n"
        f'{ALPHA}policy = "alpha/policy.csv"\nlabels = ["emea", "new"]\nbrakes = {{ max_ops = 7 }}\n',
    )
    assert found.base_url == "https://api.sandbox.lever.co/v1"
    assert found.policy_file == tmp_path / "alpha" / "policy.csv"
    assert found.brakes.given == {"max_ops": 7, "max_pct": 5}
    assert found.labels == ("emea", "new")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('[alpha]\nkey_envs = "LEVER_KEY_ALPHA"\n', "did you mean 'key_env'?"),
        (f'{ALPHA}lables = ["a"]\n', "did you mean 'labels'?"),
        (f"{ALPHA}brakes = {{ max_op = 3 }}\n", "did you mean 'max_ops'?"),
        ('[defaults]\nkey_env = "LEVER_KEY"\n', "unknown name 'key_env'"),
        ("[alpha]\n", "needs one of key_env"),
        (f'{ALPHA}key_command = "op read x"\n', "key_env and key_command"),
        (f'{ALPHA}base_url = "http://stranger.example/v1"\n', "must begin with https://"),
        (f'{ALPHA}account = "acme"\n', "account must be 12 digits"),
        (f"{ALPHA}brakes = {{ max_ops = -2 }}\n", "max_ops must be -1"),
        (f"{ALPHA}brakes = {{ max_found_removals = -1 }}\n", "must be 0 or more"),
        (f"{ALPHA}brakes = {{ max_pct = nan }}\n", "max_pct must be -1"),
        (f'{ALPHA}policy = "~no-such-user/policy.csv"\n', "policy begins with ~ and a user who has no home"),
        (f'{ALPHA}workspace = "a\\u0000b"\n', "workspace holds signs that no path has"),
        (ALPHA.replace("alpha", "con"), "[con] cannot be the name of a file on Windows"),
        (ALPHA.replace("alpha", '"com1.x"'), "[com1.x] cannot be the name of a file on Windows"),
        (ALPHA.replace("alpha", '"alpha."'), "[alpha.] cannot be the name of a file on Windows"),
        (f"{ALPHA}labels = 3\n", "Expected `array`"),
        ('key_env = "LEVER_KEY_ALPHA"\n', "stands outside of a table"),
        ("[alpha\n", "accounts.toml: "),
        ('[alpha]\nkey_command = " "\n', "key_command is blank"),
        (f"{ALPHA}{ALPHA.replace('alpha', 'Alpha')}", "[alpha] and [Alpha] differ by case alone"),
    ],
)
def test_what_makes_no_sense_is_an_error_that_says_where_and_what_is_near(
    tmp_path: Path, text: str, hint: str
) -> None:
    assert hint in refusal(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        f'[alpha]\nkey_env = "{KEY}"\n',
        f'[alpha]\nkey = "{KEY}"\n',
        f'[alpha]\n{KEY} = "key_env"\n',
        f'[alpha]\nkey_env = "A"\napi_key = "{KEY}"\n',
        f'[alpha]\nkey_command = "echo {KEY}"\n',
        f'{ALPHA}perform_as = "{KEY}"\n',
        f'{ALPHA}account = "{KEY}"\n',
        f'{ALPHA}labels = ["{KEY}"]\n',
        f'{ALPHA}workspace = "{KEY}"\n',
        f'{ALPHA}policy = "{KEY}/policy.csv"\n',
        f'{ALPHA}base_url = "https://{KEY}@api.lever.co/v1"\n',
        f'[{KEY}]\nkey_env = "LEVER_KEY_ALPHA"\n',
        f'api_key = "{KEY}"\n',
        f"[alpha]\nkey_env = {KEY}\n",
        f'[alpha]\nkey_env = ["{KEY}"]\n',
        f'[alpha]\nkey_env = "{KEY.upper()}"\n',
    ],
)
def test_a_key_in_the_file_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    assert KEY.lower() not in refusal(tmp_path, text).lower()


def test_names_that_people_give_are_not_taken_for_keys(tmp_path: Path) -> None:
    lines = 'labels = ["2024-Migration-Customers-EMEA", "Tier1-EuropeMiddleEast2025"]\n'
    lines += 'perform_as = "8d49b010-cc6a-4f40-ace5-e86061c677ed"\n'
    assert len(entry(tmp_path, f"{ALPHA}{lines}").labels) == 2
    command = "aws secretsmanager get-secret-value --secret-id arn:aws:eu-1:12345:LeverKeyAlpha2024Prod"
    assert entry(tmp_path, f'[alpha]\nkey_command = "{command}"\n').key_command == command


def test_keys_as_programs_make_them_are_seen_and_names_of_programs_are_not() -> None:
    made = [secrets.token_urlsafe(32) for _ in range(200)]
    assert sum(map(may_be_key, made)) > 180
    assert not any(map(may_be_key, [uuid4().hex, str(uuid4()), *map(str.lower, made)]))


def test_an_account_has_the_key_that_its_variable_holds_and_nothing_else_of_the_environment(
    here: Path,
) -> None:
    written(here, f'{ALPHA}perform_as = "ada@alpha.example"\nworkspace = "alpha"\n')
    strange = {"LEVER_API_KEY": "another", "LEVER_BASE_URL": "https://stranger.example/v1"}
    strange |= {"LEVER_PERFORM_AS": "other@example.org", "LEVERKIT_DEMO": "1"}
    found = settings(LEVER_KEY_ALPHA="its-own-key", **strange)
    assert found.key is not None
    assert (found.key.reveal(), found.perform_as) == ("its-own-key", "ada@alpha.example")
    assert (found.base_url, found.account_name) == ("https://api.lever.co/v1", "alpha")
    assert found.home == here / "alpha"
    assert "LEVER_KEY_ALPHA in the environment" in found.connection


def test_without_its_key_an_account_is_none_even_where_another_key_is_set(here: Path) -> None:
    written(here, ALPHA)
    with pytest.raises(KeyMissing, match="set LEVER_KEY_ALPHA, which"):
        connect(settings=settings(LEVER_API_KEY="another", LEVERKIT_DEMO="1"))


def test_an_oauth_token_of_an_account_is_sent_as_bearer(here: Path) -> None:
    written(here, '[alpha]\naccess_token_env = "TOKEN_ALPHA"\n')
    assert settings(TOKEN_ALPHA="a-token").scheme == "bearer"


def test_an_unknown_account_is_named_with_what_is_near(here: Path) -> None:
    written(here, ALPHA)
    with pytest.raises(UsageError, match="no account 'alhpa'; did you mean 'alpha'"):
        Settings.from_environment({"LEVERKIT_ACCOUNT": "alhpa"}, {})


def test_a_command_prints_the_key_without_other_keys_around_it_and_only_when_it_is_needed(here: Path) -> None:
    (here / "key.py").write_text(
        "import os\nopen('ran', 'a').write('x')\nprint(os.environ.get('LEVER_KEY_BETA', 'printed-key'))\n"
    )
    beta = '[beta]\nkey_env = "LEVER_KEY_BETA"\n'
    written(here, f"[alpha]\nkey_command = '{sys.executable} key.py'\n{beta}")
    monkey = {"LEVERKIT_ACCOUNT": "alpha", "LEVER_KEY_BETA": "the-key-of-beta"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in monkey.items():
            patch.setenv(name, value)
        assert workspace()
        assert not (here / "ran").exists()
        first, second = Settings.from_environment(), Settings.from_environment()
    assert first.key is not None
    assert second.key is not None
    assert first.key.reveal() == second.key.reveal() == "printed-key"
    assert (here / "ran").read_text() == "x"
    assert "printed-key" not in repr(first)


def test_a_command_that_fails_says_so_without_what_it_printed(here: Path) -> None:
    (here / "key.py").write_text(f"import sys\nprint('{KEY}')\nsys.exit('{KEY}')\n")
    written(here, f"[alpha]\nkey_command = '{sys.executable} key.py'\n")
    with pytest.raises(KeyMissing, match="ended with 1") as raised:
        settings()
    assert KEY not in str(raised.value)


@pytest.mark.parametrize(
    "printed", [f"{KEY}\\nsecond", f"a warning {KEY}", f"\\ufeff{KEY}", f"ü{KEY}", KEY * 200, f"{KEY}\\0"]
)
def test_a_command_that_prints_more_than_a_key_is_refused_without_what_it_printed(
    here: Path, printed: str
) -> None:
    (here / "key.py").write_text(f'import sys; sys.stdout.buffer.write("{printed}".encode())')
    written(here, f"[alpha]\nkey_command = '{sys.executable} key.py'\n")
    with pytest.raises(KeyMissing, match="printed more than a key") as raised:
        settings()
    assert KEY not in str(raised.value)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="modes as POSIX has them")
def test_a_file_that_others_can_write_is_not_read_and_if_it_is_named_runs_no_command(here: Path) -> None:
    path = written(here, "[alpha]\nkey_command = 'touch ran'\n")
    path.chmod(0o666)
    with pytest.raises(UsageError, match="can be written by others"):
        settings()
    with pytest.raises(UsageError, match="key_command was not run"):
        settings(LEVERKIT_ACCOUNTS_FILE=str(path))
    assert not (here / "ran").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="modes as POSIX has them")
def test_a_file_that_others_can_write_sends_no_key_to_an_address_of_theirs(here: Path) -> None:
    path = written(here, "[alpha]\nkey_env = 'KEY_OF_ALPHA'\nbase_url = 'https://other.example/v1'\n")
    given = {"LEVERKIT_ACCOUNTS_FILE": str(path), "KEY_OF_ALPHA": KEY}
    assert settings(**given).host == "other.example"
    path.chmod(0o666)
    with pytest.raises(UsageError, match=r"not sent to other\.example"):
        settings(**given)
