"""The report on an experiment: figures, animations, tables, and every claim checked against the runs."""
