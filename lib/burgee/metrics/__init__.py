"""Query tables, templates, limits and judgement, PURE."""
