"""What is common to all requests: parsing, keys, rate limit, faults, and the delivery of webhooks."""
