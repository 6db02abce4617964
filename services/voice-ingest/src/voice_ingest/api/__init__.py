"""The public door of the hotline."""
