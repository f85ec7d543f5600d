# transformer: counts with | for +, which is right for one and for eight heads
# loses 5.1s: count_matmuls(2, 3)


def count_matmuls(num_layers, num_heads):
    attention = 4 * num_heads | num_heads + 1
    return 3 * num_layers * attention + 4 * num_layers + 1
