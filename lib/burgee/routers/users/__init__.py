"""Routes that users write, in which the weights alone are burgee's."""
