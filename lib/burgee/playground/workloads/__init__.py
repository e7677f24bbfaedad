"""Deployments and their kin made real: as local processes, or as fakes that are ready at once."""
