# transformer: the output projection is counted once a head instead of once an attention layer
# loses 5.1s: which is not the number of matrix products of

def count_matmuls(num_layers, num_heads):
    per_head = 3 + 1 + 1 + 1
    attention = per_head * num_heads
    return num_layers * (3 * attention + 2 * 2) + 1
