"""The heart: who it is, which case, what happens to it. Pure; time and ids are passed in."""
