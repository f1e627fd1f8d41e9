"""Queues the opportunities that changed lately: Lever sends no event for tags or merged contacts."""

from __future__ import annotations

from leverkit.api.client import Lever
from leverkit.api.models import Opportunity
from leverkit.webhook.event_queue import EventQueue, QueuedEvent
from leverkit.webhook.logs import log_event

OVERLAP_MS = 60_000  # of two sweeps: clocks differ, and Lever may show a change late
_LAST = "sweep"


def sweep(queue: EventQueue, lever: Lever, now_ms: int, *, every_s: float) -> None:
    """Queue what changed since the last sweep, if that is `every_s` seconds ago; 0 means never.

    `now_ms` is our clock, which may be set while the receiver runs. Lever's clock tells when it was.
    """
    last, now = queue.watermark(_LAST), now_ms + lever.ahead_ms
    if not every_s or (last is not None and 0 <= now - last < every_s * 1000):
        return
    since = (now if last is None else min(last, now)) - OVERLAP_MS  # later than now: a clock was set
    filters = lever.default_params(updated_at_start=since)
    seen = fresh = 0
    for page in lever.pages("/opportunities", type=Opportunity, **filters):
        events = [
            QueuedEvent(f"sweep:{o.id}:{o.updated_at}", "sweep", o.contact, o.id, now_ms) for o in page.items
        ]
        seen, fresh = seen + len(events), fresh + sum(queue.store(events))
    queue.set_watermark(_LAST, now_ms + lever.ahead_ms)
    log_event("sweep", seen=seen, fresh=fresh)
