"""What each phase of a release does, and the gates and checks on its way."""
