"""Real traffic: proxies, the control planes that program them, and the client that sends requests."""
