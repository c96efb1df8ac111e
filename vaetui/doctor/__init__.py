"""The checks of `vaetui doctor`; each module returns a `Section` of `Finding`s on a `World`."""
