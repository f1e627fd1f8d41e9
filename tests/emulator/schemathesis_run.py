"""Hold the emulator to its own OpenAPI description, with schemathesis: no 500, no undocumented answer.

`make contract` runs it. It prints, for each operation, how many requests it got and how many of them saw a
2xx, and ends with an error where an answer was not as described or an operation never saw a 2xx.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from leverkit.emulator import Running, running
from leverkit.emulator.response import RequestError
from leverkit.emulator.server.routes import ROUTES, Table

FIRST = "/options$"  # operations on a field, which a later operation deletes
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10, help="at most, for each operation and phase")
    parser.add_argument("--seconds", type=int, default=900, help="at most, for the whole run")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def _run(account: Running, options: argparse.Namespace, phases: str, *more: str) -> int:
    """Let schemathesis loose on an account; returns its exit code."""
    description = account.base_url.removesuffix("/v1") + "/_emulator/openapi.json"
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", description]
    command += ["--auth", f"{account.api_key}:", "--checks", CHECKS, "--warnings", "off", "--no-color"]
    command += ["--phases", phases, "--max-examples", str(options.cases), *more]
    command += ["--seed", str(options.seed), "--max-time", str(options.seconds)]
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(command, cwd=folder, check=False).returncode


def _count(account: Running) -> tuple[Counter[str], Counter[str]]:
    """Return the requests of each operation, and those that got a 2xx."""
    table, requested, succeeded = Table(ROUTES), Counter[str](), Counter[str]()
    for entry in account.log():
        try:
            route, _ = table.find(entry["method"], entry["path"].rstrip("/"))
        except RequestError:
            continue
        name = f"{route.method} {route.path}"
        requested[name] += 1
        succeeded[name] += 200 <= (entry["status"] or 0) < 300
    return requested, succeeded


def main() -> int:
    """Run, print the figures, and return an exit code."""
    options = _arguments()
    with running(contacts=200, seed=options.seed, rate=None) as account:
        first = _run(account, options, "examples", "--include-path-regex", FIRST)
        code = _run(account, options, "examples,coverage,fuzzing") or first
        requested, succeeded = _count(account)
    names = [f"{route.method} {route.path}" for route in ROUTES]
    print("\nrequests      2xx  operation")
    for name in names:
        print(f"{requested[name]:8} {succeeded[name]:8}  {name}")
    never = [name for name in names if not succeeded[name]]
    total, seen = sum(requested.values()), len(names) - len(never)
    print(f"\n{total} requests; {seen} of {len(names)} operations saw a 2xx; schemathesis ended with {code}.")
    return code or int(bool(never))


if __name__ == "__main__":
    sys.exit(main())
