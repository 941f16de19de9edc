"""Training networks with PyTorch: recipes, augmentation, fitting and export."""
