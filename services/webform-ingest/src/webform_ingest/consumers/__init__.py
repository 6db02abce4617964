"""What reaches the web door through Kafka."""
