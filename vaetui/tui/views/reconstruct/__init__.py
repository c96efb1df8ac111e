"""View 2: test images and their reconstructions."""
