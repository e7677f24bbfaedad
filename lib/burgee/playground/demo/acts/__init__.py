"""The acts of the demo, one module for each way to release."""
