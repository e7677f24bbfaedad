"""The children and effects that the next state asks for."""
