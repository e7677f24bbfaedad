"""Traffic providers, a module or a room for each: weights to route objects, PURE."""
