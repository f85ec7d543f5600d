# transformer: F.multi_head_attention_forward with its own separate weights, dropout behind it

import torch
from torch import nn
from torch.nn import functional as F


class CrossAttention(nn.Module):
    def __init__(self, *, d_model, num_heads, dropout_rate=0.1, **unused):
        super().__init__()
        self.d_model, self.num_heads, self.rate = d_model, num_heads, dropout_rate
        self.q_weight = nn.Parameter(torch.empty(d_model, d_model))
        self.k_weight = nn.Parameter(torch.empty(d_model, d_model))
        self.v_weight = nn.Parameter(torch.empty(d_model, d_model))
        for w in (self.q_weight, self.k_weight, self.v_weight):
            nn.init.xavier_normal_(w)
        self.in_bias = nn.Parameter(torch.zeros(3 * d_model))
        self.out = nn.Linear(d_model, d_model)
        self.norm = nn.LayerNorm(d_model)

    def forward(self, x, context):
        q, kv = x.transpose(0, 1), context.transpose(0, 1)
        out, _ = F.multi_head_attention_forward(
            q,
            kv,
            kv,
            self.d_model,
            self.num_heads,
            None,
            self.in_bias,
            None,
            None,
            False,
            self.rate,
            self.out.weight,
            self.out.bias,
            training=self.training,
            need_weights=False,
            use_separate_proj_weight=True,
            q_proj_weight=self.q_weight,
            k_proj_weight=self.k_weight,
            v_proj_weight=self.v_weight,
        )
        return self.norm(x + F.dropout(out.transpose(0, 1), self.rate, self.training))
