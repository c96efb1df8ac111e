"""Flush denormal numbers, those below 1.2e-38 in fp32, to zero.

Adam's averages of a weight without a gradient, such as one of a pixel that is almost always 0, decay by a
tenth a step: after about 700 steps they are denormal, and a processor multiplies denormals many times more
slowly. Each epoch after the first would take a third longer. As zeros they change nothing: Adam adds 1e-8 to
the denominator.
"""

from __future__ import annotations

import torch


def flush() -> None:
    """Flush denormals in the calling thread and in every thread that it starts later.

    OpenMP starts a thread's team with its first large computation: call this before.
    """
    torch.set_flush_denormal(True)
