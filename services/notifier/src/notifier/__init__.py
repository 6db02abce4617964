"""notifier: decides whether, when, on which channel and in which words a participant is told."""
