"""The emulator as a process: `python -m leverkit.emulator`; the first line of stdout is one JSON object."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading

from leverkit.emulator.running import running


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="leverkit emulator", description="A Lever account on this computer."
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--contacts", type=int, default=2000, help="people in the generated account")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--load", metavar="DIR", help="serve files in Lever's shapes instead")
    parser.add_argument(
        "--rate", type=float, default=10.0, help="requests a second for each key; 0: no limit"
    )
    parser.add_argument("--burst", type=int, default=20)
    parser.add_argument("--latency", type=float, default=0.0, metavar="MS", help="median in milliseconds")
    parser.add_argument("--api-key", help="default: a random one")
    parser.add_argument(
        "--truth", metavar="FILE", help="write the true scope of each generated tag to a file"
    )
    parser.add_argument(
        "--idle-exit", type=float, metavar="SECONDS", help="end after so long without a request"
    )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM, SIGINT, or the idle time is over; returns the exit code."""
    options = _arguments(sys.argv[1:] if arguments is None else arguments)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with running(
        contacts=options.contacts,
        seed=options.seed,
        load=options.load,
        rate=options.rate or None,
        burst=options.burst,
        latency=options.latency,
        api_key=options.api_key,
        port=options.port,
        truth=options.truth,
    ) as account:
        line = {"base_url": account.base_url, "api_key": account.api_key, "pid": os.getpid()}
        print(json.dumps(line), flush=True)
        while not ended.wait(timeout=None if options.idle_exit is None else min(1.0, options.idle_exit)):
            if account.idle_for() >= options.idle_exit:
                break
    return 0


if __name__ == "__main__":
    sys.exit(main())
