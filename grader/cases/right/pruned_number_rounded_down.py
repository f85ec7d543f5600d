# pruning: the number that is pruned is rounded down

import math


@torch.no_grad()
def _switch_off_smallest(mask, scores, prune_percent):
    off = mask == 0
    count = min(int(mask.numel() * prune_percent), int((~off).sum()))
    smallest = scores.masked_fill(off, torch.inf).flatten().argsort()[:count]
    mask.view(-1)[smallest] = 0
