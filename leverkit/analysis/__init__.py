"""The facts about tags in a snapshot; no opinions."""

from leverkit.analysis.audit import Audit
from leverkit.analysis.findings import Finding
from leverkit.analysis.readiness import Readiness

__all__ = ["Audit", "Finding", "Readiness"]
