# training: the largest rate is named as the best
# loses 1.1b: which is not the rate that trains best in five epochs

BEST_LEARNING_RATE = 1.0
