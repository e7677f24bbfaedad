"""Local programs that end with whoever started them, the hook server among them."""
