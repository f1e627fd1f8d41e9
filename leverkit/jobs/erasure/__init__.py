"""Take people who were erased in Lever out of everything that an account's folder holds, and of its runs."""
