"""tap-lever and Airbyte's connector as they are published, run at the emulator.

Each has an environment of its own. Their address of Lever is fixed, so their connections are led to the
emulator's front over https.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from leverkit.emulator import Running

ROOT = Path(__file__).parents[2]
REDIRECTED = Path(__file__).parent / "redirected"
ENVIRONMENTS = ROOT / ".venv" / "copies"
START = "2019-05-01T00:00:00Z"  # before the emulated accounts begin
AIRBYTE, TAP = "airbyte-source-lever-hiring==0.3.1", "tap-lever==1.1.0"
Record = dict[str, Any]


def find_python_310() -> str:
    """Return a Python 3.10, which Airbyte's connector needs; empty where there is none."""
    named = [os.environ.get("PYTHON310", ""), "python3.10"]
    kept = sorted(Path.home().glob(".pyenv/versions/3.10*/bin/python3.10"))
    for candidate in filter(None, [*named, *map(str, kept)]):
        try:
            if subprocess.run([candidate, "-c", ""], capture_output=True).returncode == 0:
                return candidate
        except OSError:
            continue
    return ""


def installed(package: str, python: str = sys.executable) -> Path:
    """Return the programs of an environment with a package, which is made where it is not there."""
    folder = ENVIRONMENTS / package.replace("==", "-")
    if not (folder / "ready").exists():
        subprocess.run([python, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", package], check=True)
        (folder / "ready").touch()
    return folder / "bin"


def run(words: list[Any], account: Running, folder: Path) -> Iterator[Record]:
    """Run a program that talks to Lever and yield the JSON lines that it prints."""
    (folder / "home").mkdir(exist_ok=True)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "home"),
        "PYTHONPATH": str(REDIRECTED),
        "LEVER_EMULATOR_PORT": account.base_url.split(":")[2].split("/")[0],
        "REQUESTS_CA_BUNDLE": str(account.ca_file),
    }
    ended = subprocess.run(list(map(str, words)), env=environment, cwd=folder, capture_output=True, text=True)
    if ended.returncode:
        raise AssertionError(f"{words[0]} ended with {ended.returncode}: {ended.stderr[-2000:]}")
    yield from map(json.loads, filter(lambda line: line.startswith("{"), ended.stdout.splitlines()))


def written(folder: Path, name: str, content: Any) -> Path:
    """Write a JSON file that a tool reads."""
    file = folder / f"{name}.json"
    file.write_text(json.dumps(content))
    return file


def read_with_airbyte(account: Running, folder: Path, python: str) -> dict[str, list[Record]]:
    """Return the records of the connector's streams opportunities and applications."""
    program = installed(AIRBYTE, python) / "source-lever-hiring"
    credentials = {"auth_type": "Api Key", "api_key": account.api_key}
    config = {"credentials": credentials, "start_date": START, "environment": "Production"}
    given = written(folder, "config", config)
    messages = run([program, "discover", "--config", given], account, folder)
    streams = next(each["catalog"]["streams"] for each in messages if each["type"] == "CATALOG")
    chosen = [
        {"stream": stream, "sync_mode": "full_refresh", "destination_sync_mode": "overwrite"}
        for stream in streams
        if stream["name"] in ("opportunities", "applications")
    ]
    catalog = written(folder, "catalog", {"streams": chosen})
    found: dict[str, list[Record]] = {}
    for each in run([program, "read", "--config", given, "--catalog", catalog], account, folder):
        if each["type"] == "RECORD":
            found.setdefault(each["record"]["stream"], []).append(each["record"]["data"])
    return found


def read_with_tap(account: Running, folder: Path) -> dict[str, list[Record]]:
    """Return the records of tap-lever's streams of opportunities, their applications, postings and stages."""
    program = installed(TAP) / "tap-lever"
    given = written(folder, "config", {"token": account.api_key, "start_date": START})
    ended = subprocess.run([program, "-c", given, "--discover"], capture_output=True, text=True, check=True)
    catalog = json.loads(ended.stdout)
    for stream in catalog["streams"]:
        wanted = stream["stream"] in ("opportunities", "opportunity_applications", "postings", "stages")
        top = next(each for each in stream["metadata"] if not each["breadcrumb"])
        top["metadata"]["selected"] = wanted
        for field in stream["metadata"]:
            field["metadata"]["selected"] = wanted
    found: dict[str, list[Record]] = {}
    for each in run(
        [program, "-c", given, "--catalog", written(folder, "catalog", catalog)], account, folder
    ):
        if each["type"] == "RECORD":
            found.setdefault(each["stream"], []).append(each["record"])
    return found
