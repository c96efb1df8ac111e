"""What `vaetui doctor` looks at: the terminal, what stands between, PyTorch, folders, what logging out does.

Each module here gives `Finding`s about one of them, from a `World` that a test can make up.
"""
