"""What an object must be before it is stored: pruned, filled up, and found valid."""
