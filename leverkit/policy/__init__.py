"""The decisions of people about tags: suggested, edited and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leverkit.lazy_names import loader

if TYPE_CHECKING:
    from leverkit.policy.decision import Decision, Undecided
    from leverkit.policy.policy import Policy

__all__ = ["Decision", "Policy", "Undecided"]
__getattr__ = loader(__name__, {"decision": ("Decision", "Undecided"), "policy": ("Policy",)})
