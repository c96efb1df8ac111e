"""One thread for tiny models: two threads of several test processes only wait for each other."""

import os

from trainer.engine.openmp import limit_spinning

os.environ.setdefault("OMP_NUM_THREADS", "1")
limit_spinning()
