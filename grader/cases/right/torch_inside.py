# quantization: torch does the arithmetic, args are 0-d tensors, a torch generator seeded by rng draws

from typing import Any

import numpy as np
import torch


def quantize(W: np.ndarray, bits: int = 8) -> tuple[np.ndarray, Any]:
    values = torch.tensor(W, dtype=torch.float64)
    low, high = torch.aminmax(values)
    scale = torch.where(high > low, (2**bits - 1) / (high - low), torch.ones_like(low))
    codes = torch.round((values - low) * scale).to(torch.uint8)
    return codes.numpy(), {"scale": scale, "shift": low}


def dequantize(codes: np.ndarray, args: Any) -> np.ndarray:
    return (torch.tensor(codes).double() / args["scale"] + args["shift"]).numpy()


def stochastic_quantize(W: np.ndarray, bits: int = 2, rng: np.random.Generator | None = None) -> tuple[np.ndarray, Any]:
    rng = np.random.default_rng() if rng is None else rng
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    values = torch.tensor(W, dtype=torch.float64)
    low, high = torch.aminmax(values)
    scale = torch.where(high > low, (2**bits - 1) / (high - low), torch.ones_like(low))
    scaled = ((values - low) * scale).clamp(0, 2**bits - 1)
    codes = scaled.floor() + torch.bernoulli(scaled.frac(), generator=generator)
    return codes.to(torch.uint8).numpy(), {"scale": scale, "shift": low}
