"""The checks of `vaetui doctor`: terminal, multiplexers and SSH, PyTorch, folders, logging out.

Each module here gives `Finding`s about one of them, from a `World` that a test can make up.
"""
