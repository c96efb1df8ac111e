"""Evaluation of trained models on test images: figures, −log p(x), sample quality."""
