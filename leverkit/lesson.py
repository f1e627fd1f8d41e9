"""Path kept for notebook 50: the lesson about an integration."""

from leverkit.notebook.tutorial import lesson

__all__ = ["lesson"]
