"""What comes in from Kafka."""
