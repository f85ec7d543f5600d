# training: learning rates of infinite number and size
# grade 1.1a 1.1b 1.2a
# loses 1.1a: MemoryError
# loses 1.1b

tried("endless numbers")
LEARNING_RATES = range(10**12)
BEST_LEARNING_RATE = 10**1_000_000
