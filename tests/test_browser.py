"""An analyst's path in a real JupyterLab: decide in the review widget, and the file and the count follow.

Needs playwright (extra `browser`) and the system's Chromium; skipped with the reason where one is missing.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from snapshots import write_generated

from leverkit.audit import audit
from leverkit.policy import Policy

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SWITCHES = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")
CELL = """from leverkit.audit import audit
from leverkit.widgets import TagReview
TagReview("policy.csv", by="ada", audit=audit("snapshot"))"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this computer"),
]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[str]:
    """Serve a folder with a snapshot, a policy and a notebook in JupyterLab; yields its address."""
    write_generated(tmp_path / "snapshot", contacts=300, seed=1)
    Policy.suggest(audit(tmp_path / "snapshot")).write(tmp_path / "policy.csv")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, tmp_path / "review.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}", "--IdentityProvider.token=", f"--ServerApp.root_dir={tmp_path}",
        "--LabApp.expose_app_in_browser=True",
    ]  # fmt: skip
    places = {name: str(tmp_path / ".jupyter" / name) for name in ("config", "data", "runtime")}
    here = {f"JUPYTER_{name.upper()}_DIR": place for name, place in places.items()}
    with (tmp_path / "lab.log").open("wb") as log:
        server = subprocess.Popen(command, env=os.environ | here, stdout=log, stderr=log)
    try:
        _wait(f"http://127.0.0.1:{port}/api", server, tmp_path / "lab.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


def _wait(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(address, timeout=2)
            return
        except (urllib.error.URLError, TimeoutError):
            assert server.poll() is None, log.read_text()
            time.sleep(0.2)
    raise AssertionError(log.read_text())


@pytest.fixture
def page(lab: str) -> Iterator[Any]:
    """Open the notebook in Chromium and run it."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright: extra browser")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))
        tab = browser.new_page(viewport={"width": 1100, "height": 1000})
        tab.goto(f"{lab}/doc/tree/review.ipynb?reset", timeout=60_000)
        tab.wait_for_selector(".jp-Notebook", timeout=60_000)
        tab.get_by_text("| Idle").wait_for(timeout=60_000)  # before that, Run asks for a kernel
        tab.evaluate("void jupyterapp.commands.execute('notebook:run-all-cells')")
        tab.wait_for_selector(".leverkit-row", timeout=60_000)
        yield tab
        tab.evaluate("void jupyterapp.serviceManager.sessions.shutdownAll()")
        browser.close()


def test_an_analyst_decides_by_mouse_and_by_keyboard(page: Any, tmp_path: Path) -> None:
    file = tmp_path / "policy.csv"
    first, second = (row.tag for row in Policy.read(file).decisions[:2])
    page.locator(f"button[title={json.dumps(first + ': contact')}]").click()
    page.get_by_text("The plan would add").filter(has_not_text="add 0 tags").wait_for()
    assert Policy.read(file).scopes[first] == "contact"
    page.locator(f"button[title={json.dumps(second + ': ignore')}]").focus()
    page.keyboard.press("Space")
    undecided = sum(scope == "undecided" for scope in Policy.read(file).scopes.values())
    page.get_by_text(f"{len(Policy.read(file).scopes) - 2:,} of").wait_for()
    assert Policy.read(file).scopes[second] == "ignore"
    assert undecided >= len(Policy.read(file).scopes) - 2
    page.get_by_role("button", name="Undo").click()
    page.get_by_text(f"{len(Policy.read(file).scopes) - 1:,} of").wait_for()
    assert Policy.read(file).scopes[second] == "undecided"
    if picture := os.environ.get("LEVERKIT_PICTURE"):
        page.screenshot(path=picture)
