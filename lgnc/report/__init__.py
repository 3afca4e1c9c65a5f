"""Pictures of what was trained and compiled."""
