"""`burgee demo`: the stories that it plays, what must be true of them, and what a person sees."""
