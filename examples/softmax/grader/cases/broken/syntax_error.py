# digits.py: a parenthesis is not closed
# loses 2.1a: digits.py, line
# loses 2.1b: digits.py, line
# loses 2.1c: digits.py, line
# loses 2.1d: digits.py, line
# loses 2.1e

import torch


def fit(model, images, labels, epochs=20:
    return None
