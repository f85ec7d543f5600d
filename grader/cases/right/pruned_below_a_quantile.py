# pruning: what is below a quantile of those that are on is pruned


@torch.no_grad()
def _switch_off_smallest(mask, scores, prune_percent):
    scores = scores.reshape(mask.shape)
    on = mask != 0
    share = mask.numel() * prune_percent / int(on.sum())
    ordered = scores[on].sort().values
    threshold = ordered[min(round(share * len(ordered)), len(ordered) - 1)]
    mask[on & (scores < threshold)] = 0
