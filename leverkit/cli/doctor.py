"""The command `doctor`: is this installation ready, and what do we believe of Lever that is true there?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leverkit.cli.connection import shown_settings
from leverkit.cli.options import Demo, Json
from leverkit.cli.output import print_document, print_json, print_message, print_result
from leverkit.errors import UsageError

if TYPE_CHECKING:
    from leverkit.doctor.contract.report import Contract
    from leverkit.settings import Settings

WARNING = (
    "The write probes add and remove tags of one opportunity; an active one is archived and taken back. "
    "Automations and webhooks of the account may fire. Its tags are put back as they were."
)
CREATION = "An opportunity that leverkit creates cannot be deleted; it is archived at the end, and stays."


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(doctor)


def doctor(
    demo: Demo = False,
    as_json: Json = False,
    contract: Annotated[
        bool,
        typer.Option("--contract", help="Check which assumptions about Lever hold in this account. Reads."),
    ] = False,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for what --contract finds.")] = Path(
        "contract"
    ),
    rate: Annotated[float, typer.Option(min=0.1, help="Requests per second of --contract.")] = 4.0,
    write_probes: Annotated[
        bool, typer.Option("--write-probes", help="Also write tags to one test opportunity.")
    ] = False,
    test_opportunity: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="The opportunity to write to. Without it, one is created after asking."
        ),
    ] = None,
    provoke_429: Annotated[
        bool, typer.Option("--provoke-429", help="Also send more requests at once than Lever allows.")
    ] = False,
) -> None:
    """Check versions, kernel, workspace, key, account and permissions. Only reads, unless --write-probes.

    Example: leverkit doctor
    """
    if not contract and (write_probes or test_opportunity or provoke_429):
        raise UsageError("--write-probes, --test-opportunity and --provoke-429 go with --contract")
    settings = shown_settings(demo=demo)
    if not contract:
        _check_up(settings, as_json=as_json)
    if test_opportunity and not write_probes:
        raise UsageError("--test-opportunity goes with --write-probes")
    if write_probes:
        _ask_first(settings, test_opportunity)
        found = _written(settings, out, rate, test_opportunity, throttle=provoke_429)
    else:
        found = _read(settings, out, rate, throttle=provoke_429)
    _print_contract(found, out, as_json=as_json)


def _check_up(settings: Settings, *, as_json: bool) -> None:
    from leverkit.doctor import examine

    checkup = examine(settings)
    if as_json:
        print_document(checkup)
    else:
        print_result("\n".join(f"{check.state:<7}  {check.what}: {check.found}" for check in checkup.checks))
    print_message(checkup.verdict)
    raise typer.Exit(checkup.exit_code)


def _read(settings: Settings, out: Path, rate: float, *, throttle: bool) -> Contract:
    from leverkit.doctor.contract.contract import examine_contract
    from leverkit.doctor.contract.log import ExchangeLog
    from leverkit.doctor.contract.reader import ContractReader
    from leverkit.settings import parts

    with ContractReader(ExchangeLog(), **parts(settings, rate, 1, None)) as reader:
        return examine_contract(reader, out, throttle=throttle)


def _ask_first(settings: Settings, test_opportunity: str | None) -> None:
    """Warn, and ask before an opportunity is created. Raises UsageError where nobody agrees."""
    print_message(WARNING)
    if test_opportunity:
        return
    print_message(CREATION)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("nobody is here to ask: name an opportunity with --test-opportunity ID")
    if not typer.confirm(f"Create one in {settings.account_name or settings.host}?", err=True):
        raise UsageError("nothing was written")


def _written(
    settings: Settings, out: Path, rate: float, test_opportunity: str | None, *, throttle: bool
) -> Contract:
    from leverkit.doctor.contract.writing.session import examine_with_writes
    from leverkit.settings import parts

    return examine_with_writes(parts(settings, rate, 1, None), out, test_opportunity, throttle=throttle)


def _print_contract(found: Contract, out: Path, *, as_json: bool) -> None:
    from leverkit.doctor.contract.report import to_json, to_text

    if as_json:
        print_json(to_json(found).decode())
    else:
        print_result(to_text(found))
    print_message(
        f"open {out / 'report.html'}; leverkit emulator --config {out / 'contract.json'} behaves so"
    )
