"""ticket-core alone: Kafka to committed rows on one core, beside the bare SQL of the same rows."""
