"""Path kept for notebook 20: the review widget."""

from leverkit.notebook.tag_review import TagReview

__all__ = ["TagReview"]
