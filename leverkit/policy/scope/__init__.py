"""How the scope of a tag is suggested: evidence, weights, families and decisions, reasons."""
