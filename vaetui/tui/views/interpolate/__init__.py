"""View 4: interpolation between test images."""
