"""The decisions of people about tags: suggested, edited and checked."""

from leverkit.policy.decision import Decision, Undecided
from leverkit.policy.policy import Policy

__all__ = ["Decision", "Policy", "Undecided"]
