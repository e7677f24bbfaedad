"""The embedded Metacontroller: watches, calls the hooks, and writes what they answer."""
