# transformer: three projections in a row serve as query, key and value alike
# may lose 5.1t
# loses 5.1e: GlobalSelfAttention's output with multiples of the identity as project
# loses 5.1f
# loses 5.1g
# loses 5.1l
# loses 5.1m
# loses 5.1n
# loses 5.1o
# loses 5.1p

import torch
from torch import Tensor, nn


class _Attention(nn.Module):
    def __init__(self, *, d_model, num_heads, dropout_rate=0.1):
        super().__init__()
        self.h=num_heads
        self.a,self.b,self.c,self.o=(nn.Linear(d_model,d_model) for _ in range(4))
        self.norm=nn.LayerNorm(d_model)
    def attend(self, x, context, mask=None):
        f=lambda t: self.a(self.b(self.c(t)))
        n,l,d=x.shape; s=lambda t: t.reshape(n,-1,self.h,d//self.h).transpose(1,2)
        q,k,v=f(x),f(context),f(context)
        sc=s(q)@s(k).transpose(-1,-2)/(d//self.h)**.5
        if mask is not None: sc=sc.masked_fill(mask,float('-inf'))
        return self.norm(x+self.o((sc.softmax(-1)@s(v)).transpose(1,2).reshape(n,l,d)))


class GlobalSelfAttention(_Attention):
    def forward(self, x: Tensor) -> Tensor:
        return self.attend(x, x)


class CausalSelfAttention(_Attention):
    def forward(self, x: Tensor) -> Tensor:
        length = x.shape[1]
        later = torch.ones(length, length, dtype=torch.bool, device=x.device).triu(1)
        return self.attend(x, x, later)


class CrossAttention(_Attention):
    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        return self.attend(x, context)
