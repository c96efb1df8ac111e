"""Everything that only a GPU can prove, in one command: `python -m benchmarks.gpu --data DIR`."""
