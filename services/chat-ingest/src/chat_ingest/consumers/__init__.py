"""What comes from Kafka."""
