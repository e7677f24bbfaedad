"""The store: objects at rest, their versions, their changes, and their deletion."""
