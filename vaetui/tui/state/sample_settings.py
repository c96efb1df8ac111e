"""What the draws of the view Sample are from."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from vaetui.latent.samplers import SOURCES, Source

COMPONENTS = (1, 2, 5, 10, 20, 50)  # of the mixture


@dataclass(frozen=True)
class SampleSettings:
    """Every method gives a new one. `components` are those of the mixture of Gaussians."""

    source: Source = "prior"
    components: int = 10

    def with_next_source(self, by: int) -> SampleSettings:
        """With the next source, after the last the first."""
        source = SOURCES[(SOURCES.index(self.source) + by) % len(SOURCES)]
        return dataclasses.replace(self, source=source)

    def with_components(self, by: int) -> SampleSettings:
        """With more components (1) or fewer (−1)."""
        place = COMPONENTS.index(self.components) + by
        return dataclasses.replace(self, components=COMPONENTS[min(max(place, 0), len(COMPONENTS) - 1)])
