"""The views by their titles, each imported when it is first looked at: the first frame waits for one."""

from importlib import import_module

from vaetui.tui.views.base import View


def view(title: str) -> type[View]:
    """Return the view of a title of `keys.VIEWS`; its folder and its class are named after it."""
    found: type[View] = getattr(import_module(f"{__name__}.{title.lower()}.view"), title)
    return found


__all__ = ["View", "view"]
