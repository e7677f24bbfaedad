"""What the API server serves: kinds, their metadata and scale, and the errors of all of it."""
