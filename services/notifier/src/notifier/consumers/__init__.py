"""What drives notifier: case events, delivery reports, and the clock."""
