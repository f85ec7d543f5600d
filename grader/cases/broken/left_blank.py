# training.py: the blanks of the notebook are still there
# loses 1.1a: SyntaxError
# loses 1.1b: Its message is hidden
# loses 1.2: SyntaxError

LEARNING_RATES =
BEST_LEARNING_RATE = 0.1
