"""The names of the distributions that latent points are sampled from."""

from __future__ import annotations

from typing import Literal, get_args

Source = Literal["prior", "posterior", "aggregate", "mixture"]
SOURCES: tuple[Source, ...] = get_args(Source)
