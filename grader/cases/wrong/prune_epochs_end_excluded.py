# pruning: range leaves its end out, so the fifth pruning step is missing
# loses 3.3e: expected the five epochs of the handout
# loses 3.4e

PRUNE_EPOCHS = list(range(10, 50, 10))
PRUNE_PERCENTAGE = 0.1
