"""What users and Metacontroller write: models of the wire, PURE."""
