"""Real traffic: Envoy, the control plane that programs it, and the client that sends requests."""
