"""The parts of the screen around the views, and what views are painted with."""
