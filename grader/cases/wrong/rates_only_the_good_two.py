# training: the rate that diverges is left out
# loses 1.1a: expected the three of part

LEARNING_RATES = [0.0001, 0.1]
BEST_LEARNING_RATE = LEARNING_RATES[-1]
