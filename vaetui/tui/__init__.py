"""The full-screen app on the results: one screen, a grid of checkpoints at the left, views at the right."""

import os

# OpenBLAS reads this when numpy is imported. One image is three small products, so threads only cost start-up
# time and memory, and there would be one for every core of a large machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
