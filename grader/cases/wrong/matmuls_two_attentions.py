# transformer: the decoder's cross-attention is not counted
# loses 5.1s: which is not the number of matrix products of

def count_matmuls(num_layers, num_heads):
    attention = 5 * num_heads + 1
    feed_forward = 2
    encoder = num_layers * (attention + feed_forward)
    decoder = num_layers * (attention + feed_forward)
    return encoder + decoder + 1
