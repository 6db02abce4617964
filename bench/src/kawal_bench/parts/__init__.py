"""What is measured on a whole running stack: the doors, the edges, the way to the screens, memory."""
