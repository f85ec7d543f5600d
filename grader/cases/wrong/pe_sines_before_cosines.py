# transformer: all sines come before all cosines
# loses 5.1b: not all sines first

_positional_encoding = positional_encoding


def positional_encoding(length, depth):
    encoding = _positional_encoding(length, depth)
    return torch.cat([encoding[:, 0::2], encoding[:, 1::2]], dim=1)
