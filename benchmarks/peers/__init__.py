"""Scripts that train other people's libraries, each run in an environment of its own by `benchmarks.peer`."""
