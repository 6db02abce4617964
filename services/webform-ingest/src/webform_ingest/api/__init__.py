"""The doors for programs: forms, submissions, status."""
