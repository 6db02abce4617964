"""The providers notifier talks to, and the programme's words."""
