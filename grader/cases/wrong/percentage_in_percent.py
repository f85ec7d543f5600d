# pruning: the fraction is given in percent
# loses 3.3e: expected a fraction between 0 and 1
# loses 3.4e

PRUNE_PERCENTAGE = 10.0
