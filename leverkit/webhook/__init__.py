"""Lever's webhooks: verify a delivery, queue it, and keep a contact's tags the same on its opportunities."""

from leverkit.webhook.events import EVENTS, Event
from leverkit.webhook.signature import MAX_BYTES, Rejected, ReplayCache, sign, verify

__all__ = ["EVENTS", "MAX_BYTES", "Event", "Rejected", "ReplayCache", "sign", "verify"]
