"""Remove people who were erased in Lever from everything in an account's folder, and from its runs."""
