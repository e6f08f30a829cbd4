"""One file for each model: training steps, inference and whole epochs."""
