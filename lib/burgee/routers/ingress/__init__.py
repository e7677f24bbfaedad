"""What works by a second Ingress."""
