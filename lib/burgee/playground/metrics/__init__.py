"""Metrics as Prometheus serves them: scraped, relabelled, and asked in PromQL."""
