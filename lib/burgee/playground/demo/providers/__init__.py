"""Traffic providers on the stage: what runs for one, and what its user writes."""
