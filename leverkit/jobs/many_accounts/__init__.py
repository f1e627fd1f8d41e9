"""Many accounts: one command for all of them, a check of their keys, one page on how they stand."""
