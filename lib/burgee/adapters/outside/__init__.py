"""Servers that users name: which may be reached, and how they are called."""
