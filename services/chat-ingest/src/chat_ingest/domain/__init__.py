"""What a live chat is, without sockets, clocks or storage."""
