"""The history of the schema `voice`."""
