"""`python -m vaetui` is `vaetui`."""

from vaetui.cli.main import main

if __name__ == "__main__":
    main()
