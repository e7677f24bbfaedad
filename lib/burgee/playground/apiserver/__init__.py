"""The HTTP face of the store: what kubectl, the hooks and their adapters talk to."""
