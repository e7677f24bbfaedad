"""A cluster on a laptop: API server, controller, workloads, Envoy and Prometheus."""
