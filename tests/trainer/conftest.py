"""One thread for tiny models: two threads of several test processes only wait for each other."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
