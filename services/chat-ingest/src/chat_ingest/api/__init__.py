"""The doors of the chat: sessions, the socket, its HTTP fallback, the widget."""
