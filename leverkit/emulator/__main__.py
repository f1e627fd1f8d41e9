"""The emulator as a process: `python -m leverkit.emulator`; it prints its address and key as JSON."""

from __future__ import annotations

import argparse
import gc
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from leverkit.emulator.config import PROFILES, Config, profile_config, read_switches
from leverkit.emulator.http.faults import Fault
from leverkit.emulator.running import Running, serve

USAGE = 64


class _Parser(argparse.ArgumentParser):
    """A parser that ends with one line and 64 on a usage error, as all commands of leverkit do."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and exit."""
        self.exit(USAGE, f"{self.prog}: {message}. Try `{self.prog} --help`.\n")


def _arguments(arguments: list[str]) -> argparse.Namespace:
    about = (
        "Run a Lever account with invented people on this computer. "
        "The first line of output is JSON with its address and key."
    )
    parser = _Parser(prog="leverkit emulator", description=about)
    add = parser.add_argument
    add("--port", type=int, default=0, help="port to listen on; 0 (default) picks a free one")
    add("--contacts", type=int, default=2000, help="people in the generated account (2000)")
    add("--seed", type=int, default=1, help="the same seed generates the same account (1)")
    add("--hostile", action="store_true", help="tags and names that try to break what reads them")
    add("--load", metavar="DIR", help="serve an account from JSON files in Lever's format instead")
    add("--rate", type=float, help="requests per second for each key (10); 0: no limit")
    add("--burst", type=int, help="burst of requests allowed for each key (20)")
    add("--latency", type=float, metavar="MS", help="median latency in milliseconds (0)")
    add("--api-key", help="the key to accept; by default a random one")
    add("--profile", choices=sorted(PROFILES), help="how it behaves: lever (default), strict or chaos")
    add("--config", type=Path, metavar="FILE", help="behaviour switches, as TOML or JSON")
    add("--faults", type=Path, metavar="FILE", help="faults to inject, as a JSON list")
    add("--tls", action="store_true", help="serve over https; the first line names the file to trust")
    add("--truth", metavar="FILE", help="write the true scope of each generated tag to a file")
    add("--idle-exit", type=float, metavar="SECONDS", help="exit after this time without a request")
    return parser.parse_args(arguments)


def _config(options: argparse.Namespace) -> Config:
    """Return the switches: the command line wins over the file."""
    switches: dict[str, Any] = read_switches(options.config) if options.config else {}
    name = options.profile or switches.pop("profile", "lever")
    if options.rate is not None:
        switches["rate"] = options.rate or None
    given = {"burst": options.burst, "latency_ms": options.latency}
    switches.update({switch: value for switch, value in given.items() if value is not None})
    switches.pop("profile", None)
    return profile_config(name, **switches)


def _faults(path: Path | None) -> list[Fault]:
    try:
        return [] if path is None else msgspec.json.decode(path.read_bytes(), type=list[Fault])
    except msgspec.MsgspecError as error:
        raise ValueError(f"{path}: {error}") from None


def _wait(account: Running, ended: threading.Event, idle: float | None) -> None:
    while not ended.wait(timeout=None if idle is None else min(1.0, idle)):
        if idle is not None and account.idle_for() >= idle:
            return


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM, SIGINT, or the idle time is over; return the exit code."""
    options = _arguments(sys.argv[1:] if arguments is None else arguments)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        faults = _faults(options.faults)
        account = serve(
            _config(options),
            contacts=options.contacts,
            seed=options.seed,
            load=options.load,
            api_key=options.api_key,
            port=options.port,
            truth=options.truth,
            story=not options.hostile,
            tls=options.tls,
        )
    except (OSError, ValueError, ModuleNotFoundError, msgspec.MsgspecError) as error:
        print(f"leverkit emulator: {error}", file=sys.stderr)
        return USAGE
    gc.freeze()  # a full collection must not walk a large account
    for fault in faults:
        account.add_fault(fault)
    line = {"base_url": account.base_url, "api_key": account.api_key, "pid": os.getpid()}
    if account.ca_file:
        line["ca_file"] = str(account.ca_file)
    print(json.dumps(line), flush=True)
    _wait(account, ended, options.idle_exit)
    account.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
