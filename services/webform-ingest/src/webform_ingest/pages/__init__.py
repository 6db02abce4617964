"""The doors for people: HTML that works without script."""
