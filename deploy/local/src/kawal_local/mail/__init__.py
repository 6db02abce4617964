"""A mail server for development: takes every mail, keeps it in a Maildir, shows it in the browser."""
