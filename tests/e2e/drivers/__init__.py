"""What people do with each page, in their words. They know only what is visible on it."""
