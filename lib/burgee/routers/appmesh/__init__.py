"""App Mesh."""
