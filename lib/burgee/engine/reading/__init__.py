"""What one sync knows: read once from what was sent."""
