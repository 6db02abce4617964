"""What ticket-core uses that is neither PostgreSQL nor Kafka."""
