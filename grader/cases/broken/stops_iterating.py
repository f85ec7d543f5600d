# transformer: raises StopIteration and GeneratorExit, which loops take for an end
# loses 5.1a: StopIteration
# loses 5.1b
# loses 5.1c: StopIteration
# loses 5.1d
# loses 5.1j: StopIteration
# loses 5.1n
# loses 5.1o
# loses 5.1p
# loses 5.1q: StopIteration
# loses 5.1r: StopIteration
# loses 5.1s: GeneratorExit
# loses 5.1t: StopIteration

def positional_encoding(length, depth):
    raise StopIteration


def count_matmuls(num_layers, num_heads):
    raise GeneratorExit
