"""Clients of the public doors, as participants and agents use them. They know only the documented interfaces."""
