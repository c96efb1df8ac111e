"""View 8: draw a digit and see what the model makes of it."""
