"""The parts of `leverkit.scan`: files, syntax trees, folded paths, evidence, rules, findings.

A sub-package, because these rooms only make sense together, because nothing else of leverkit
uses them, and because only they need tree-sitter. The door is `leverkit.scan`.
"""
