# pruning: half of the filters in one step at epoch 50
# loses 3.3e: expected the five epochs of the handout
# loses 3.4e

PRUNE_PERCENTAGE = 0.5
PRUNE_EPOCHS = [50]
