"""Everything that talks to something: cluster API, metric sources, webhooks."""
