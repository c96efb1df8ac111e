"""Download of data sets, in a process of its own."""
