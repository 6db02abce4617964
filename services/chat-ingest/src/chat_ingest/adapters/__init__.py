"""What the chat hands on to other parts."""
