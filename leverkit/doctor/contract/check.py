"""The contract check: carry out the probes, ask again what an account refutes, and answer the table."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from functools import partial
from statistics import median
from typing import Any, TypeVar

import msgspec

from leverkit.doctor.contract.exchange import Ask, Exchange
from leverkit.doctor.contract.log import OverBudget
from leverkit.doctor.contract.outcome import Outcome, not_tried
from leverkit.doctor.contract.probes.catalogue import READ, Probe
from leverkit.doctor.contract.probes.throttle import PROVOKED, judge_refusal
from leverkit.doctor.contract.reader import ContractReader
from leverkit.doctor.contract.sample import Sample, survey

T = TypeVar("T")
S = TypeVar("S")
# What a probe meets in an answer of another form than it knows.
OTHER_FORM = (KeyError, TypeError, ValueError, IndexError, AttributeError)


def read_probes(reader: ContractReader) -> list[Outcome]:
    """Carry out the read probes, and once more those that refuted something: the account may have changed.

    Raises OverBudget where not even a sample can be read.
    """
    found = run(READ, drive(survey(), reader.ask), reader.ask)
    doubtful = [probe for probe in READ if _is_refuted(found, probe.keys)]
    if not doubtful:
        return found
    try:
        again = run(doubtful, drive(survey(), reader.ask), reader.ask)
    except OverBudget as error:
        again = [not_tried(key, str(error)) for probe in doubtful for key in probe.keys]
    return confirmed_twice(found, again)


def throttle_probe(reader: ContractReader) -> list[Outcome]:
    """Send more requests than Lever allows, and look at the refusal."""
    return judge_refusal(reader.provoke(PROVOKED, min(60, reader.log.left)))


def run(probes: Iterable[Probe], sample: Sample, ask: Callable[[Ask], Exchange]) -> list[Outcome]:
    """Carry out probes on a sample."""
    shown = tuple(page.number for page in sample.pages)
    return [
        outcome
        for probe in probes
        for outcome in carried_out(probe.keys, partial(probe.ask, sample), ask, shown)
    ]


def carried_out(
    keys: Sequence[str],
    probe: Callable[[], Generator[S, Exchange, list[Outcome]]],
    ask: Callable[[S], Exchange],
    shown: tuple[int, ...],
) -> list[Outcome]:
    """Carry out one probe and return an outcome for each key; it is `shown` by these where it sent none."""
    numbers: list[int] = []

    def noted(request: S) -> Exchange:
        exchange = ask(request)
        numbers.append(exchange.number)
        return exchange

    why, found = "the probe did not come to an end", list[Outcome]()
    try:
        found = drive(probe(), noted)
    except OverBudget as error:
        why = str(error)
    except OTHER_FORM as error:
        why = f"an answer has a form that the probe does not know ({type(error).__name__})"
    by_key = {outcome.key: outcome for outcome in found}
    complete = [by_key.get(key) or not_tried(key, why) for key in keys]
    others = [outcome for outcome in found if outcome.key not in keys]  # seen by the way
    return [
        msgspec.structs.replace(outcome, exchanges=tuple(numbers) or shown)
        for outcome in (*complete, *others)
    ]


def drive(asking: Generator[S, Exchange, T], ask: Callable[[S], Exchange]) -> T:
    """Carry out what a probe asks for, and return what it returns."""
    try:
        request = next(asking)
        while True:
            request = asking.send(ask(request))
    except StopIteration as end:
        result: T = end.value
        return result


def confirmed_twice(first: Sequence[Outcome], again: Iterable[Outcome]) -> list[Outcome]:
    """Return outcomes in which nothing is refuted that a second asking did not refute in the same way."""
    second = {outcome.key: outcome for outcome in again}

    def settled(outcome: Outcome) -> Outcome:
        other = second.get(outcome.key)
        if outcome.verdict != "refuted" or other is None:
            return outcome
        if (other.verdict, other.switches.keys()) == ("refuted", outcome.switches.keys()):
            return other
        return not_tried(outcome.key, f"once: {outcome.found}; then: {other.found}")

    return [settled(outcome) for outcome in first]


def _is_refuted(outcomes: Iterable[Outcome], keys: Sequence[str]) -> bool:
    return any(outcome.verdict == "refuted" and outcome.key in keys for outcome in outcomes)


def switches(outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """Return the switches with which the emulator behaves as the account did."""
    return {name: value for outcome in outcomes for name, value in outcome.switches.items()}


def median_ms(exchanges: Sequence[Exchange]) -> float:
    """Return the median time of the requests in milliseconds; 0 where there are none."""
    return round(median([exchange.ms for exchange in exchanges] or [0.0]), 1)
