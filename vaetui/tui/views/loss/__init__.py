"""View 1: training curves."""
