# pruning: the fraction is given in percent
# loses 3.3e: each step takes PRUNE_PERCENTAGE =
# loses 3.4e

PRUNE_PERCENTAGE = 10.0
