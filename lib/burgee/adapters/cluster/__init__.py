"""The API server: what is read there, and what its answers and a request show together."""
