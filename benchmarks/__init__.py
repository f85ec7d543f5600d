"""Speed, as ratios in one run: variants take turns, medians are compared."""
