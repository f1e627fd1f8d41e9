"""One contract check of an account: carry it out, and write what was found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random, SystemRandom

import msgspec

from leverkit.doctor.contract.check import median_ms, read_probes, switches, throttle_probe
from leverkit.doctor.contract.exchange import Exchange
from leverkit.doctor.contract.outcome import Outcome
from leverkit.doctor.contract.reader import ContractReader
from leverkit.doctor.contract.recording import CONTRACT, write_recordings
from leverkit.doctor.contract.report import Contract, answers, to_html, to_json
from leverkit.doctor.contract.scrubbing.scrub import request_line, scrubbed
from leverkit.storage.files import write_atomic

REPORT, PAGE, RECORDINGS = "report.json", "report.html", "recordings"
MARKER = "00-leverkit-check"  # a digit first: our tags are on the first page of GET /tags


def examine_contract(
    reader: ContractReader,
    folder: Path,
    *,
    throttle: bool = False,
    writes: Callable[[], list[Outcome]] = list,
    random: Random | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Contract:
    """Ask the account and write report, configuration and recordings into a folder.

    `writes` carries out the write probes. Files are written also where it raises.
    Raises AccessDenied and other ApiErrors if the account does not answer a first read.
    """
    reader.with_raw("/opportunities", include="id", limit=1)  # a wrong key is an error, and no finding
    exchanges, outcomes, at = reader.log.exchanges, read_probes(reader), now()
    try:
        outcomes += writes()
        outcomes += throttle_probe(reader) if throttle else []
    finally:
        shown = scrubbed(exchanges, random or SystemRandom(), ours=MARKER)
        contract = _contract(reader, outcomes, shown, at)
        _write(folder, contract, shown)
    return contract


def _contract(
    reader: ContractReader, outcomes: list[Outcome], shown: list[Exchange], at: datetime
) -> Contract:
    return Contract(
        account=reader.account.label.name or reader.host,
        host=reader.host,
        at=at.isoformat(timespec="seconds"),
        requests=len(shown) + 1,
        median_ms=median_ms(shown),
        switches=switches(outcomes),
        answers=answers(outcomes, {each.number: request_line(each) for each in shown}),
    )


def _write(folder: Path, contract: Contract, shown: list[Exchange]) -> None:
    configuration = msgspec.json.format(msgspec.json.encode(contract.switches))
    write_atomic(folder / CONTRACT, configuration)
    write_atomic(folder / REPORT, to_json(contract))
    write_atomic(folder / PAGE, to_html(contract).encode())
    write_recordings(folder / RECORDINGS, shown, contract.switches)
