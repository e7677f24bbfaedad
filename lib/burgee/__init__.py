"""Progressive delivery for Kubernetes, as Metacontroller webhooks."""
