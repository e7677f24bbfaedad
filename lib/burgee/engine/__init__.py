"""The release state machine, PURE: observation and findings in, decision out."""
