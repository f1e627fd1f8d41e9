"""JupyterLab and Chromium for tests: JupyterLab on a folder, a browser, and a notebook opened in both.

Needs playwright (extra `browser`) and the system's Chromium; tests are skipped with the reason where one is
missing. Waits are long: only a page that never comes fails.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SWITCHES = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")
TIMEOUT_MS = 180_000  # a busy computer takes a minute for a notebook
ERROR = "[data-mime-type='application/vnd.jupyter.error']"
SETTINGS = {  # all cells in the page, also those below the fold; no dialog about news
    "notebook-extension/tracker": '{"windowingMode": "none"}',
    "apputils-extension/notification": '{"fetchNews": "false", "checkForUpdates": false}',
}

DARK = "JupyterLab Dark"

in_a_browser = [
    pytest.mark.browser,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this computer"),
]


@contextmanager
def browser() -> Iterator[Any]:
    """Start Chromium; yields playwright's browser."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright: extra browser")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES), timeout=TIMEOUT_MS)
        yield started
        started.close()


@contextmanager
def lab(folder: Path, own: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Serve a folder in JupyterLab, whose own files go into `own`; yields its address."""
    for name, text in SETTINGS.items():
        set_up(own, name, text)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}", "--IdentityProvider.token=", f"--ServerApp.root_dir={folder}",
        "--LabApp.expose_app_in_browser=True",
    ]  # fmt: skip
    places = {f"JUPYTER_{name}_DIR": str(own / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    places |= {f"JUPYTERLAB_{name}_DIR": str(own / name.lower()) for name in ("SETTINGS", "WORKSPACES")}
    with (own / "lab.log").open("wb") as log:
        server = subprocess.Popen(command, env=os.environ | places | environment, stdout=log, stderr=log)
    try:
        _wait(f"http://127.0.0.1:{port}/api", server, own / "lab.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(60)


def set_up(own: Path, name: str, text: str) -> None:
    """Write a setting of JupyterLab into its own files; a page that is opened later has it."""
    file = own / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def violations(page: Any, *rules: str, within: str = "html") -> list[str]:
    """Return a line for each element that axe objects to, by all its rules or these."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe: extra browser").Axe()
    options = {"runOnly": {"type": "rule", "values": list(rules)}} if rules else {}
    found = axe.run(page, context=within, options=options).response["violations"]
    return [f"{rule['id']}: {rule['help']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]


@contextmanager
def notebook(browser: Any, lab: str, name: str) -> Iterator[Any]:
    """Open a notebook in a new page and run all of it; yields the page. A cell that fails is an error."""
    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    page.set_default_timeout(TIMEOUT_MS)
    page.goto(f"{lab}/doc/tree/{name}?reset")
    page.wait_for_selector(".jp-Notebook")
    page.get_by_text("| Idle").wait_for()  # before that, running opens a dialog that asks for a kernel
    run_all(page)
    yield page
    page.evaluate("async () => { await jupyterapp.serviceManager.sessions.shutdownAll() }")
    page.close()


def run_all(page: Any) -> None:
    """Run all cells of the notebook in a page, to the end."""
    page.evaluate("async () => { await jupyterapp.commands.execute('notebook:run-all-cells') }")
    failed = page.locator(ERROR)
    assert failed.count() == 0, failed.first.inner_text()


def _wait(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(address, timeout=5)
            return
        except (urllib.error.URLError, TimeoutError):
            assert server.poll() is None, log.read_text()
            time.sleep(0.2)
    raise AssertionError(log.read_text())
