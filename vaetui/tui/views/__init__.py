"""The views, in the order of their number keys."""

from vaetui.tui.views.compare import Compare
from vaetui.tui.views.draw import Draw
from vaetui.tui.views.interpolate import Interpolate
from vaetui.tui.views.latent import Latent
from vaetui.tui.views.loss import Loss
from vaetui.tui.views.reconstruct import Reconstruct
from vaetui.tui.views.sample import Sample
from vaetui.tui.views.traverse import Traverse
from vaetui.tui.views.view import View

VIEWS: tuple[type[View], ...] = (
    Loss,
    Reconstruct,
    Sample,
    Interpolate,
    Latent,
    Traverse,
    Compare,
    Draw,
)

__all__ = ["VIEWS", "View"]
