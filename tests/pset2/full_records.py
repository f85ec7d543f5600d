"""Made-up records of the full profile, with curves as real runs have them: for tests of figures and of the report.

``python -m tests.pset2.full_records FOLDER [RESULTS]`` writes them with their figures and the report. The tables of the
parts in which nothing is trained are taken from RESULTS, a folder of a quick run.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from safetensors.torch import load_file

from course.datasets import FIXTURES
from course.experiments import report
from course.experiments.runner import EXPERIMENTS
from course.models import CONVNET_LAYERS
from course.plotting import encoding, histograms, save
from course.records import PARTS as ALL_PARTS
from course.records import Checkpoint, Claim, Data, Environment, PartSession, Record, Run, Settings, Table, read, write

GPU = Environment("NVIDIA H200", "3.11.7", "2.14.1", "0.29.1", "2.4.6", "Linux x86_64", 8)
CIFAR = Data("cifar10", "complete", 50_000, 10_000, 32, "0" * 64, "1" * 64)
MNIST = Data("mnist", "complete", 60_000, 10_000, 28, "4" * 64, "5" * 64)
CINIC = Data("cinic10", "complete", 180_000, 90_000, 32, "2" * 64, "3" * 64)
STEPS = 391
MULTISTEP = [0.1 ** (1 + epoch // 25) for epoch in range(100)]
COSINE = [0.05 * (1 + math.cos(math.pi * epoch / 100)) for epoch in range(100)]
PRUNED_AFTER = [10, 20, 30, 40, 50]
WEIGHTS = [9 * c_in * c_out for c_in, c_out, _ in CONVNET_LAYERS]
STARTED = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


def made_up(
    name: str,
    title: str,
    rates: Sequence[float],
    end: float,
    *,
    seconds: float = 0.6,
    dips: Sequence[tuple[int, float]] = (),
    schedule: str = "constant",
    adam: bool = False,
) -> Run:
    """A run that ends at an accuracy of about ``end``: noisy while the rate is high, and even while it is low.

    Args:
        dips: (epoch, loss of accuracy) of each pruning step.
    """
    chance = np.random.default_rng(sum(map(ord, name + title)))
    first = max(rates)
    accuracies: list[float] = []
    losses: list[float] = []
    lost = 0.0
    for epoch, rate in enumerate(rates, start=1):
        noise = rate / first
        lost = 0.4 * lost + sum(loss for at, loss in dips if at == epoch)
        progress = (1 - math.exp(-epoch / (3 if len(rates) > 10 else 2))) * (1 - 0.12 * noise)
        value = 0.1 + (end - 0.1) * progress + chance.normal(0, 0.001 + 0.03 * noise) - lost
        accuracies.append(round(min(max(value, 0.1), end + 0.002), 4))
        level = 2.3 * (1 - progress * min(1.0, end / 0.88)) ** 1.2 + 0.004 + 0.25 * noise
        losses += [float(x) for x in level * np.exp(chance.normal(0, 0.25, STEPS))]
    how: tuple[str, float, float] = ("adam", 0.0, 5e-4) if adam else ("sgd", 0.9, 5e-4)
    settings = Settings(len(rates), 128, how[0], first, *how[1:], schedule, 1, True, "bfloat16")
    times = [4 * seconds, *(seconds * (1 + abs(chance.normal(0, 0.02))) for _ in rates[1:])]
    checkpoint = _kept(name, accuracies[-1], "DWConvNet" if adam else "ConvNet")
    return Run(name, title, settings, losses, accuracies, list(rates), times, checkpoint=checkpoint, alone=True)


def _kept(name: str, accuracy: float, network: str) -> Checkpoint:
    correct = round(10_000 * accuracy)
    return Checkpoint(f"{name}.safetensors", "0" * 64, network, Claim(correct, 10_000), Claim(correct // 10, 1_000))


def _pruned(title: str, end: float, loss: float) -> Run:
    dips = [(epoch, loss * (1 + order / 3)) for order, epoch in enumerate(PRUNED_AFTER)]
    run = made_up("pruned", title, MULTISTEP, end, dips=dips, schedule="multistep")
    run.zeros = [
        [round(0.1 * sum(step <= epoch for step in PRUNED_AFTER) * weights) for weights in WEIGHTS]
        for epoch in range(1, 101)
    ]
    return run


def _pruning_record(part: str, run: Run) -> Record:
    rows: list[list[str | int | float]] = [
        [place, weights, zeros, 100 * zeros / weights]
        for place, (weights, zeros) in enumerate(zip(WEIGHTS, run.zeros[-1], strict=True), start=1)
    ]
    table = Table("Weights that are 0, at the end", ["convolution", "weights", "zeros", "share (%)"], rows)
    return _record(part, [run], tables=[table], values={"pruned after epoch": [float(one) for one in PRUNED_AFTER]})


def _record(part: str, runs: list[Run], data: Data | None = CIFAR, **other: object) -> Record:
    record = Record(part, EXPERIMENTS[part].title, "full", 43, GPU, {}, "complete", data=data, runs=runs)
    _of_one_session(record)
    for name, value in other.items():
        setattr(record, name, value)
    return record


def _of_one_session(record: Record) -> None:
    """Made by the full profile on the GPU, one part after the other."""
    record.profile, record.environment = "full", GPU
    record.seconds = sum(sum(run.seconds) for run in record.runs) + 4.0
    started = STARTED + timedelta(minutes=12 * ALL_PARTS.index(record.part))
    record.sessions = [PartSession(started.isoformat(), record.seconds, 1, GPU.threads, GPU.device, True)]


def _untrained_figures() -> dict[tuple[str, str], Figure]:
    """The figures that are drawn from arrays, which no record has: of values rounded here, and of waves."""
    values = load_file(FIXTURES / "mnistnet.safetensors")["fc1.weight"].numpy().ravel()
    errors = {}
    for bits in (8, 4, 2):
        codes = (values - values.min()) / (np.ptp(values) / (2**bits - 1))
        errors[f"{bits} bits"] = np.round(codes) - codes
    angles = np.arange(2048)[:, None] / 10_000 ** (np.arange(128) / 128)
    waves = np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
    title = "Rounding to 8, 4 and 2 bits: fc1's weights"
    return {
        ("2.1", "errors"): histograms(errors, title=title, xlabel="Error (quantization steps)"),
        ("5.1", "positional-encoding"): encoding(waves, title="Positional encoding"),
    }


def _fine_tuned(name: str, within: Sequence[float], end: float) -> Run:
    run = made_up(name, name.replace("-", "_"), [0.01], end, seconds=40.0)
    run.accuracies, run.checkpoint = [end], _kept(name, end, "ResNet18")
    run.within = [(share / 4, accuracy) for share, accuracy in enumerate(within)]
    return run


def full_records() -> dict[str, Record]:
    """The records of the parts in which something is trained, and of 2.2 and 2.3."""
    five = [0.1] * 5
    rates = [made_up(f"rate-{rate:g}", f"learning rate {rate:g}", [rate] * 5, end) for rate, end in RATES]
    found = [
        _record("1.1", rates),
        _record(
            "1.2",
            [
                made_up("multistep", "MultiStepLR", MULTISTEP, 0.918, schedule="multistep"),
                made_up("cosine-annealing", "CosineAnnealingLR", COSINE, 0.926, schedule="cosine_annealing"),
            ],
        ),
        _record(
            "2.2", [], MNIST, values={"full": [0.9783], "8 bits": [0.9782], "4 bits": [0.9751], "2 bits": [0.6592]}
        ),
        _record("2.3", [], MNIST, values={"full": [0.9783], "banker's": [0.6592], "stochastic": STOCHASTIC}),
        _record("3.2", [made_up("unpruned", "SparseConvNet", five, 0.71)]),
        _pruning_record("3.3", _pruned("half of the filters pruned", 0.898, 0.09)),
        _pruning_record("3.4", _pruned("half of the weights pruned", 0.920, 0.01)),
        _record(
            "4.2",
            [
                _fine_tuned("pt-net", [0.001, 0.631, 0.702, 0.731], 0.7526),
                _fine_tuned("net-freeze", [0.001, 0.552, 0.601, 0.622], 0.6391),
                _fine_tuned("net-freeze-lora", [0.001, 0.432, 0.504, 0.533], 0.5518),
            ],
            CINIC,
        ),
        _record(
            "6.2",
            [
                made_up("yours", "layer of 6.1", [0.001] * 3, 0.714, seconds=50.2, adam=True),
                made_up("provided", "provided layer", [0.001] * 3, 0.722, seconds=3.1, adam=True),
                made_up(
                    "adam",
                    "DWConvNet, Adam",
                    [rate / 100 for rate in MULTISTEP],
                    0.889,
                    seconds=3.1,
                    schedule="multistep",
                    adam=True,
                ),
            ],
            tables=[Table("Parameters of the networks", ["network", "parameters"], PARAMETERS)],
        ),
    ]
    return {record.part: record for record in found}


PARAMETERS: list[list[str | int | float]] = [["DWConvNet", 520_778], ["ConvNet", 1_212_778]]
RATES = ((0.0001, 0.365), (0.1, 0.722), (1.0, 0.229))
STOCHASTIC = [0.7311, 0.6904, 0.7102, 0.7433, 0.6788, 0.7215, 0.7021, 0.7340, 0.6955, 0.7127]


def write_report(folder: Path, quick: Path | None = None) -> Path:
    """The records, their figures and the report in a folder; with the untrained parts of a quick run."""
    found = full_records()
    for part in ALL_PARTS:
        if part not in found and quick is not None:
            found[part] = read(quick / part)
            _of_one_session(found[part])
            found[part].stand_ins = []
            for table in found[part].tables:  # the full profile's batch
                for row in table.rows:
                    row[:] = ["64 × 200 × 8001" if cell == "1 × 200 × 8001" else cell for cell in row]
    for (part, name), figure in _untrained_figures().items():
        if part in found:
            save(figure, folder / part, name)
    for part, record in found.items():
        for name, drawing in EXPERIMENTS[part].drawings(found).items():
            save(drawing.figure, folder / part, name)
            record.figures[name] = drawing.caption
        write(record, folder / part)
    return report.write_report(folder, list(found.values()))


if __name__ == "__main__":
    print(write_report(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None))
