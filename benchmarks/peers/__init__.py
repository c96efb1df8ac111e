"""Scripts that train other libraries; `benchmarks.peer` runs each in its own environment."""
