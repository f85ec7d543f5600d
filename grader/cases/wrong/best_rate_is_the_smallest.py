# training: the smallest rate is named as the best
# loses 1.1b: which is not the rate that trains best in five epochs

LEARNING_RATES = [0.0001, 0.1, 1.0]
BEST_LEARNING_RATE = min(LEARNING_RATES)
