"""What voice-ingest does by itself: fetch recordings, place calls, look after them."""
