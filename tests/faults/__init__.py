"""Faults that are injected, and what must hold all the same; each test is marked with its fault."""
