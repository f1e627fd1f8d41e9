"""Several emulated accounts, and the accounts.toml that names them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from leverkit.emulator import Running, running


def variable(name: str) -> str:
    """Return the variable that holds the key of an account."""
    return f"KEY_OF_{name.upper()}"


def write_accounts(folder: Path, accounts: Mapping[str, Running], **more: str) -> Path:
    """Write accounts.toml for these accounts; `more` has further lines by account."""
    tables = [
        f'[{name}]\nkey_env = "{variable(name)}"\nbase_url = "{account.base_url}"\n{more.get(name, "")}\n'
        for name, account in accounts.items()
    ]
    path = folder / "accounts.toml"
    path.write_text("\n".join(tables), encoding="utf-8")
    return path


@contextmanager
def many_accounts(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *names: str, contacts: int = 12
) -> Iterator[dict[str, Running]]:
    """Serve an account for each name, in a folder with their accounts.toml; the environment has the keys."""
    with ExitStack() as stack:
        found = {
            name: stack.enter_context(running(contacts=contacts, seed=seed, rate=None))
            for seed, name in enumerate(names, 1)
        }
        folder.chmod(0o700)
        write_accounts(folder, found)
        monkeypatch.chdir(folder)
        monkeypatch.setenv("LEVERKIT_WORKSPACE", str(folder / "workspace"))
        for name, account in found.items():
            monkeypatch.setenv(variable(name), account.api_key)
        yield found
