"""View 5: the codes of the test images as a scatter plot."""
