"""What notifier remembers: its inbox, its deliveries, its outbox. All SQL of a table is in one file."""
