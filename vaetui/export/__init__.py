"""Files of what a view or a command shows: PNG, SVG, GIF and npz."""
