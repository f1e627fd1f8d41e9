"""Threads that are the first to decode by a type do so at once, and nothing breaks."""

from __future__ import annotations

import subprocess
import sys

import pytest

from leverkit.api.models import Listing, Opportunity, User, listing
from leverkit.api.responses import Response, prepare_type, read

CHILDREN = 30  # without `prepare_type`, four in ten of them end by a signal

ANSWER = """
from leverkit.api.responses import Response, read
from leverkit.api.models import Opportunity, listing
answer = Response(200, b'{"data": [{"id": "o", "contact": "c"}]}')
decode = lambda: read(answer, listing(Opportunity), method="GET", path="/opportunities")
"""
DELIVERY = """
from leverkit.webhook import sign, verify
body = sign("candidateHired", {"opportunityId": "o"}, secret="s", token="t", triggered_at=1)
decode = lambda: verify(body, secrets=["s"], now_ms=1)
"""
RACE = f"""
import os, sys, threading

def begin():
    gate.wait()
    decode()

for _ in range({CHILDREN}):
    child = os.fork()
    if not child:
        sys.setswitchinterval(1e-6)
        gate = threading.Barrier(8)
        threads = [threading.Thread(target=begin) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.parametrize("decode", [ANSWER, DELIVERY], ids=["answer", "delivery"])
def test_threads_may_be_the_first_to_decode_by_a_type(decode: str) -> None:
    ended = subprocess.run([sys.executable, "-c", decode + RACE], capture_output=True, text=True)
    assert (ended.stdout, ended.stderr) == ("0\n" * CHILDREN, "")


def test_a_type_that_is_equal_to_a_known_one_is_that_one() -> None:
    first = prepare_type(Listing[User])
    assert prepare_type(listing(User)) is first
    page = read(Response(200, b'{"data": [{"id": "u"}]}'), listing(User), method="GET", path="/users")
    assert page.data == [User(id="u")]
    assert prepare_type(Opportunity) is Opportunity
