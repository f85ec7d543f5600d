# pruning: the epochs are counted from 0, so the tenth one has number 9

PRUNE_EPOCHS = [epoch for epoch in range(100) if (epoch + 1) % 10 == 0 and epoch < 50]
PRUNE_PERCENTAGE = 0.1
