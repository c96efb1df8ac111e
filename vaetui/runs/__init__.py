"""Find, watch, compare, start and stop runs."""
