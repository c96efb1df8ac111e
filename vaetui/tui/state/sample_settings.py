"""Settings of samples: their source, and the components of the mixture."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from vaetui.latent.sources import SOURCES, Source

COMPONENTS = (1, 2, 5, 10, 20, 50)  # of the mixture


@dataclass(frozen=True)
class SampleSettings:
    """Settings of samples; every method returns new ones."""

    source: Source = "prior"
    components: int = 10

    def with_next_source(self) -> SampleSettings:
        """Select the next source, cyclically."""
        source = SOURCES[(SOURCES.index(self.source) + 1) % len(SOURCES)]
        return dataclasses.replace(self, source=source)

    def with_components(self, by: int) -> SampleSettings:
        """Fit more components (1) or fewer (−1)."""
        place = COMPONENTS.index(self.components) + by
        return dataclasses.replace(self, components=COMPONENTS[min(max(place, 0), len(COMPONENTS) - 1)])
