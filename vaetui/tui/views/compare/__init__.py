"""View 7: checkpoints of an experiment side by side."""
