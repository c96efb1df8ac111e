"""The networks that are trained, and the two terms of their objective."""
