"""View 3: samples."""
