"""Denormal numbers, those below 1.2e-38 in fp32, count as zero wherever this project computes with PyTorch.

Adam's averages of a weight that gets no gradient, say one of a pixel that is hardly ever lit, decay by a
tenth a step: after some 700 steps they are denormal, and a processor takes many times as long to multiply
such a number. Each epoch after the first would take a third longer. As zeros they change nothing: Adam adds
1e-8 to what it divides by.
"""

from __future__ import annotations

import torch


def flush() -> None:
    """Let the calling thread, and every thread that it starts from now on, treat denormal numbers as zero.

    It is a setting of a thread. A thread that computes has a team of others, which it starts with the first
    computation that is worth it: call this before.
    """
    torch.set_flush_denormal(True)
