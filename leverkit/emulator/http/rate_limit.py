"""Lever's rate limit: a token bucket for each API key (section 7.1). A refused request takes no token."""

from __future__ import annotations


class RateLimit:
    """Admit `rate` requests a second with bursts up to `burst`; `rate` None admits everything."""

    def __init__(self, rate: float | None, burst: int) -> None:
        self.rate, self.burst = rate, burst
        self.tokens, self.filled_at = float(burst), 0.0

    def admit(self, now: float) -> bool:
        """Take a token; return False if there is none. `now` is in seconds of a monotonic clock."""
        if self.rate is None:
            return True
        grown = max(0.0, now - self.filled_at) * self.rate
        self.tokens, self.filled_at = min(float(self.burst), self.tokens + grown), now
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True
