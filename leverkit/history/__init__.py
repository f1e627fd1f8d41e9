"""What is remembered of an account: whose each tagging is, and what people decided about it."""
