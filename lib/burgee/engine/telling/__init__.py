"""What people and receivers are told."""
