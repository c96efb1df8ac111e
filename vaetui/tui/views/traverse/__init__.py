"""View 6: what each latent dimension does."""
