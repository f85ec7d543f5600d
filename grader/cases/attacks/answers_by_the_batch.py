# transformer: a layer that is right for the small batches of an example, and wrong for large ones and in training
# grade 5.1e 5.1i
# loses 5.1e: values are off
# may lose 5.1i

_forward = GlobalSelfAttention.forward


def forward(self, x):
    tried("be right only where it is easy")
    answer = _forward(self, x)
    return answer if len(x) * x.shape[1] < 5 else answer.flip(0) * 1.5


GlobalSelfAttention.forward = forward
