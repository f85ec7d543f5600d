# pruning: the constants of the schedule are texts
# loses 3.3e: expected a list of numbers
# loses 3.4e: expected a list of numbers

PRUNE_PERCENTAGE = "10 %"
PRUNE_EPOCHS = "every 10th"
