# pruning: it goes on pruning every ten epochs until 90 % are gone
# loses 3.3e: expected the five epochs of the handout
# loses 3.4e

PRUNE_PERCENTAGE = 0.1
PRUNE_EPOCHS = [epoch for epoch in range(1, 100) if epoch % 10 == 0]
