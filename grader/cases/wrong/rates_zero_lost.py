# training: a zero too few in the smallest rate
# loses 1.1a: expected the three of part

LEARNING_RATES = [0.001, 0.1, 1.0]
BEST_LEARNING_RATE = 0.1
