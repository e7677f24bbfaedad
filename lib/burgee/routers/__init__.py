"""One module per traffic provider: weights to route objects, PURE."""
