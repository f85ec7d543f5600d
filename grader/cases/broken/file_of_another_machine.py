# transformer: reads the encoding from a file of the student's own machine
# loses 5.1a: FileNotFoundError
# loses 5.1b
# loses 5.1c: FileNotFoundError
# loses 5.1d
# loses 5.1j: FileNotFoundError
# loses 5.1n
# loses 5.1o
# loses 5.1p
# loses 5.1q: FileNotFoundError
# loses 5.1r: FileNotFoundError
# loses 5.1t: FileNotFoundError

import numpy as np


def positional_encoding(length, depth):
    return torch.from_numpy(np.load("/content/drive/MyDrive/encoding.npy"))[:length, :depth]
