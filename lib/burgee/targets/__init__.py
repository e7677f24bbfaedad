"""Workloads of the user to the objects of the primary, PURE."""
