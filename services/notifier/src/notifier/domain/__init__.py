"""Pure decisions: who is told what, on which channel, and what happens when that fails."""
