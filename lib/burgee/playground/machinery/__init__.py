"""What every controller is built from: caches, queues, and writes that are tried again."""
