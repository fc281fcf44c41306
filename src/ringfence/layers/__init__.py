"""How policies stack into a verdict."""
