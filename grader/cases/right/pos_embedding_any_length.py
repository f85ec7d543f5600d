# transformer: a bare Parameter looked up with F.embedding, the encoding grows with the input and max_len is no limit

import torch
from torch import nn
from torch.nn import functional as F


class PositionalEmbedding(nn.Module):
    def __init__(self, vocab_size, d_model, max_len=2048):
        super().__init__()
        self.d_model = d_model
        self.weight = nn.Parameter(torch.empty(vocab_size, d_model).uniform_(-0.5, 0.5))

    def forward(self, x):
        position = torch.arange(x.size(1), device=x.device, dtype=torch.float32).unsqueeze(1)
        power = torch.arange(0, self.d_model, 2, device=x.device) / self.d_model
        angles = position / torch.pow(torch.tensor(10000.0, device=x.device), power)
        pe = torch.zeros(x.size(1), self.d_model, device=x.device)
        pe[:, 0::2] = torch.sin(angles)
        pe[:, 1::2] = torch.cos(angles)
        return F.embedding(x, self.weight) + pe.unsqueeze(0)
