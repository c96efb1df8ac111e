"""Latent space in numpy: posteriors, interpolation, traversal, projection, sampling, t-SNE."""
