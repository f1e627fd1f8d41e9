"""The facts about tags in a snapshot; no opinions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leverkit.lazy_names import loader

if TYPE_CHECKING:
    from leverkit.analysis.audit import Audit
    from leverkit.analysis.findings import Finding
    from leverkit.analysis.readiness import Readiness

__all__ = ["Audit", "Finding", "Readiness"]
__getattr__ = loader(__name__, {"audit": ("Audit",), "findings": ("Finding",), "readiness": ("Readiness",)})
