"""Lifelike conversations, and the loads and figures made from them."""
