"""PostgreSQL: engines, metadata, migrations, and how to tell that it is away."""
