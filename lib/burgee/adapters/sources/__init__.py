"""Sources of metrics: one module for each type of MetricTemplate, behind one registry."""
