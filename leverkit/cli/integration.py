"""The commands for developers of integrations: `scan` their source, `listen` to Lever's webhooks."""

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leverkit.cli import options
from leverkit.cli.output import print_diff, print_json, print_message, print_result
from leverkit.errors import UsageError
from leverkit.extras import command, is_installed, require
from leverkit.report.text import count

if TYPE_CHECKING:
    import socket

    from leverkit.scanner.scan import Survey
    from leverkit.webhook.receiver import Receiver


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command()(scan)
    app.command()(listen)


def scan(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Source files and folders.")],
    as_json: options.Json = False,
    sarif: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write SARIF, the format for code scanning.")
    ] = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Show the changes of paths that are mechanical, as a diff.")
    ] = False,
    write: Annotated[bool, typer.Option("--write", help="With --fix: also write them.")] = False,
    detailed: options.Detailed = False,
) -> None:
    """Find deprecated candidate endpoints of Lever in source code, and show what to use instead.

    --fix changes /candidates to /opportunities in paths. What it leaves is printed: tags still split where no
    loop follows.

    Example: leverkit scan src --sarif leverkit.sarif
    """
    from importlib.metadata import version

    from leverkit.scanner.scan import survey, to_json, to_sarif, to_text

    if write and not fix:
        raise UsageError("--write goes with --fix")
    if fix and as_json:
        raise UsageError("--fix prints a diff: leave --json out")
    found = survey(paths)
    if fix:
        found = _fixed(paths, found, write=write)
    if sarif:
        sarif.write_text(to_sarif(found.findings, version=version("leverkit")), encoding="utf-8")
    if as_json:
        print_json(to_json(found.findings))
    elif found.findings:
        show = print_message if fix else print_result  # stdout is for the diff
        show(to_text(found.findings).rstrip())
    print_message(_scanned(found))
    raise typer.Exit(options.exit_code(0, detailed=detailed, differences=bool(found.findings)))


def _scanned(found: Survey) -> str:
    """Return how much was scanned, and what was not."""
    skipped = ", ".join(f"{number} {why}" for why, number in found.skipped.items())
    unread = ", ".join(f"{number} {kind}" for kind, number in found.unread.items())
    return (
        f"{count(len(found.findings), 'finding')} in {count(found.files, 'file')}"
        + (f"; skipped: {skipped}" if skipped else "")
        + (f"; not read, though they hold Lever's API host: {unread}" if unread else "")
        + ("" if is_installed("scan") else f"; by text alone, more exactly after {command('scan')}")
    )


def _fixed(paths: list[Path], found: Survey, *, write: bool) -> Survey:
    """Print the diff of what is mechanical, write it if asked to, and return what is found after it."""
    from leverkit.scanner.fix import fixes
    from leverkit.scanner.scan import survey
    from leverkit.storage.files import write_atomic

    made = fixes(found.findings)
    for fix in made:
        print_diff(fix.diff())
        if write:
            path = Path(fix.path)
            write_atomic(path, fix.after, mode=path.stat().st_mode & 0o777)
    places = sum(len(fix.places) for fix in made)
    what = "changed" if write else "can be changed; nothing was written, --write does it"
    print_message(f"{count(places, 'place')} in {count(len(made), 'file')} {what}. After it:")
    return survey(paths, instead={fix.path: fix.after for fix in made})


def listen(
    policy: Annotated[Path, typer.Option(metavar="FILE", help="The policy.csv with the decisions.")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 picks a free one.")] = 8080,
    state: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for events and runs (workspace/receiver).")
    ] = None,
    sweep: Annotated[float, typer.Option(min=0, help="Seconds between checks for tags; 0: none.")] = 300,
    max_waiting: Annotated[int, typer.Option(min=1, help="Events that may wait; more get 503.")] = 100_000,
    rate: options.Rate = 9.8,
) -> None:
    """Receive Lever's webhooks and keep contact tags the same on all opportunities of a person.

    Tags that people removed stay removed. LEVER_WEBHOOK_SECRETS holds the signature tokens. The first line of
    output is JSON with the url. Use a proxy for TLS.

    Example: leverkit listen --policy policy.csv
    """
    require("listen")
    from leverkit.api.requests.waits import WaitNotices
    from leverkit.planning.run_folder import INBOX
    from leverkit.policy.policy import Policy
    from leverkit.settings import Settings, connect
    from leverkit.webhook.event_queue import EventQueue
    from leverkit.webhook.logs import json_stderr, log_event
    from leverkit.webhook.receiver import Limits, Receiver
    from leverkit.webhook.worker import Worker, WorkerConfig

    settings = Settings.from_environment()
    if not settings.webhook_secrets:
        raise UsageError("LEVER_WEBHOOK_SECRETS is not set: it holds the signature tokens of your webhooks")
    folder = state or Path(settings.home, "receiver", settings.entry.name if settings.entry else "")
    config = WorkerConfig(policy, folder / "runs", sweep_s=sweep)
    Policy.read(policy)  # so that a policy that cannot be read is an error now, not at the first event
    waits = WaitNotices(lambda text: log_event("waiting", level=logging.WARNING, why=text))
    with json_stderr(), connect(write=True, settings=settings, rate=rate, waits=waits) as lever:
        log_event("connecting", account=settings.connection)
        queue = EventQueue(folder / INBOX)
        receiver = Receiver(
            queue,
            Worker(queue, lever, config),
            settings.webhook_secrets,
            limits=Limits(max_waiting=max_waiting),
        )
        _serve(receiver, host, port)


def _serve(receiver: Receiver, host: str, port: int) -> None:
    import json

    import uvicorn

    from leverkit.webhook.http_limits import BoundedProtocol

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # see KeyboardInterrupt below
    sys.setswitchinterval(0.001)  # so that answers do not wait for the worker's thread
    with _bound(host, port) as listener:
        url = f"http://{host}:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            receiver,
            http=BoundedProtocol,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
        )
        try:
            print_json(json.dumps({"url": url, "pid": os.getpid()}))
            uvicorn.Server(config).run(sockets=[listener])
        except KeyboardInterrupt:  # uvicorn raises the signal again after an orderly end
            print_message("stopped")
    if not receiver.stopped_in_time:
        print_message("the last batch did not finish in time; the next start completes it")
        os._exit(0)  # its requests would hold the process for minutes


def _bound(host: str, port: int) -> socket.socket:
    import socket

    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise UsageError(f"cannot listen on {host}, port {port}: {error.strerror or error}") from None
