"""Cells on the terminal: canvas, styles, diff renderer, driver; knows nothing of models."""
