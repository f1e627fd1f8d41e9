"""Who is told how a job ended, and what: no tag, no person, no key; and never does it matter to the job."""

from __future__ import annotations

import socket

import pytest
from support.told import told

from leverkit.api.auth import Secret
from leverkit.jobs.notify import Notice, _shaped, tell

NOTICE = Notice(job="sync", account="acme", exit_code=5, counts={"planned": 1200}, report="/r/report.html")


def test_a_notice_says_which_job_how_it_ended_and_where_the_report_is() -> None:
    with told() as receiver:
        assert tell(Secret(receiver.address), NOTICE) == ""
    (found,) = receiver.notices
    assert found == {
        "text": "leverkit sync, account acme: stopped by a brake, a person is needed; 1,200 planned; "
        "/r/report.html",
        "outcome": "stopped by a brake, a person is needed",
        "job": "sync",
        "account": "acme",
        "exit_code": 5,
        "counts": {"planned": 1200},
        "report": "/r/report.html",
    }


def test_slack_and_teams_get_the_shape_that_they_take() -> None:
    assert _shaped("hooks.slack.com", NOTICE) == {"text": NOTICE.text}
    card = _shaped("x.webhook.office.com", NOTICE)
    assert isinstance(card, dict)
    assert card["attachments"][0]["content"]["body"][0]["text"] == NOTICE.text


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_receiver_that_refuses_is_named_without_its_address(status: int) -> None:
    with told() as receiver:
        receiver.status = status
        untold = tell(Secret(receiver.address), NOTICE)
    assert str(status) in untold
    assert "T0PSECRET" not in untold
    assert len(receiver.notices) == 1


@pytest.mark.parametrize("address", ["http://hooks.example.org/T0PSECRET", "T0PSECRET", "http://[T0PSECRET"])
def test_an_address_to_which_nothing_may_go_is_told_what_it_must_be_and_is_not_repeated(address: str) -> None:
    untold = tell(Secret(address), NOTICE)
    assert "no https address, and http is only for this computer" in untold
    assert "nothing was sent" in untold
    assert "T0PSECRET" not in untold


def test_a_dead_receiver_and_a_wrong_address_are_told_and_nothing_else() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{taken.getsockname()[1]}/T0PSECRET"
        for address in (dead, "http://example.org/T0PSECRET", "file:///etc/passwd", "T0PSECRET", "http://[x"):
            untold = tell(Secret(address), NOTICE)
            assert untold.startswith("nobody was told: ")
            assert "T0PSECRET" not in untold
    assert tell(None, NOTICE) == ""
