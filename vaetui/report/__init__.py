"""The write-up of an experiment: figures, animations, tables, and every claim held against the runs."""
