"""Lever's webhooks: verify and type a delivery, keep it, and keep a person's tags alike."""

from leverkit.webhook.events import EVENTS, Event
from leverkit.webhook.signature import MAX_BYTES, Rejected, ReplayCache, sign, verify

__all__ = ["EVENTS", "MAX_BYTES", "Event", "Rejected", "ReplayCache", "sign", "verify"]
