"""What was read against the truth: lines put together, compared and counted."""
