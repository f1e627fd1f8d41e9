"""Find deprecated endpoints of Lever in source code: files, syntax trees, folded paths, evidence, rules.

The entry point is `leverkit.scanner.scan.scan`. tree-sitter is loaded only where a file is parsed.
"""

from leverkit.scanner.rules import RULES, Finding, Rule
from leverkit.scanner.scan import Survey

__all__ = ["RULES", "Finding", "Rule", "Survey"]
