# transformer: the encoding is a numpy float32 array, added as a tensor in the embedding

import numpy as np
import torch
from torch import nn


def positional_encoding(length, depth):
    positions = np.arange(length)[:, np.newaxis]
    depths = np.arange(depth)[np.newaxis, :]
    angle_rads = positions / np.power(10000, (2 * (depths // 2)) / np.float32(depth))
    angle_rads[:, 0::2] = np.sin(angle_rads[:, 0::2])
    angle_rads[:, 1::2] = np.cos(angle_rads[:, 1::2])
    return angle_rads.astype(np.float32)


class PositionalEmbedding(nn.Module):
    def __init__(self, vocab_size, d_model, max_len=2048):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, d_model)
        self.pos_encoding = positional_encoding(max_len, d_model)

    def forward(self, x):
        pos = torch.from_numpy(self.pos_encoding[: x.shape[1]]).to(x.device)
        return self.embedding(x) + pos
