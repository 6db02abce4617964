"""What the web door talks to: the form files, the spool, the mail server."""
