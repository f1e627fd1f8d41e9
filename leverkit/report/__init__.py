"""How things look to people: tables, pages, charts, progress."""

from leverkit.report.html import Chart, Html, Section, bullets, headline, table

__all__ = ["Chart", "Html", "Section", "bullets", "headline", "table"]
