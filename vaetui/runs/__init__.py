"""Run directories as values: found, watched, compared, started and stopped."""
