"""The facts of parts 1 and 4: learning rates, schedules and fine-tuning."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator

from course.facts.shared import Records, accuracy, end, last_loss, points, timed
from harness.facts import Fact

__all__ = ["fine_tuned", "rates", "schedules"]

#: Inputs and outputs of ResNet-18's classifier for ImageNet's classes.
RESNET_WIDTH, RESNET_OUTPUTS = 512, 1000
WITHIN = {
    0.0: "before the training",
    0.25: "after a quarter of the epoch",
    0.5: "after half of the epoch",
    0.75: "after three quarters of the epoch",
}


def rates(found: Records) -> Iterator[Fact]:
    """Yield the facts of part 1.1: accuracy and loss at each learning rate, and the best rate."""
    runs = [run for run in found["1.1"].runs if run.accuracies]
    best = max(runs, key=lambda run: end(run) or 0.0)
    yield Fact("1.1", "best learning rate", best.settings.rate)
    for run in runs:
        rate = f"{run.settings.rate:.12g}"
        yield from accuracy("1.1", run, *(("best test accuracy",) if run is best else ()))
        where = f" at learning rate {rate}"
        yield from last_loss("1.1", where, run, f"training loss{where}", f"final training loss{where}")
    yield Fact("1.1", "length of the training", len(best.accuracies), "epochs", also=("epochs of training",))


def schedules(found: Records) -> Iterator[Fact]:
    """Yield the facts of part 1.2: accuracies, losses and running times of both schedules."""
    record = found["1.2"]
    words = {
        "multistep": ("multistep", ("multisteplr", "multi")),
        "cosine-annealing": ("cosine annealing", ("cosine", "cosineannealinglr")),
    }
    for name, (title, others) in words.items():
        run = record.run(name)
        if run is None or not run.accuracies:
            continue
        yield from accuracy("1.2", run)
        peak, last = 100 * max(run.accuracies), 100 * (end(run) or 0.0)
        also = [f"best accuracy {other}" for other in others]
        tolerance = abs(peak - last) + 0.005
        yield Fact("1.2", f"best test accuracy with {title}", peak, "%", tolerance=tolerance, also=tuple(also))
        also = [f"time {other}" for other in others]
        yield Fact("1.2", f"running time with {title}{timed([run])}", sum(run.seconds), "s", also=tuple(also))
        mean = statistics.fmean(run.seconds)
        yield Fact("1.2", f"time of an epoch with {title}{timed([run], 'mean')}", mean, "s", tolerance=0.1)
        yield from last_loss("1.2", f" with {title}", run)
        for epoch in _around_quarters(len(run.accuracies)):
            yield Fact("1.2", f"test accuracy with {title} at epoch {epoch}", 100 * run.accuracies[epoch - 1], "%")
    ends = [end(record.run(name)) for name in words]
    if ends[0] is not None and ends[1] is not None:
        name = "difference in test accuracy, cosine annealing minus multistep"
        yield points("1.2", name, ends[1] - ends[0], "difference", "better", "higher", "lower", "worse")
    trained = sum(sum(run.seconds) for run in record.runs)
    # An answer may give either time, or one between them, such as the runs with the loading of data.
    between = max(record.seconds - trained, 0.0) / 2
    also_total = ("total running time", "total training time")
    name = "total running time of both schedules"
    how = timed(record.runs, "sum of the two runs")
    yield Fact("1.2", f"{name}{how}", trained, "s", tolerance=between, also=also_total)
    if between:
        how = timed(record.runs, "the whole part, with everything around the runs")
        yield Fact("1.2", f"{name}{how}", record.seconds, "s", tolerance=between, also=also_total)


def _around_quarters(epochs: int) -> list[int]:
    """Return the last epoch of each quarter, where MultiStepLR has its milestones, and the epoch after it."""
    return [math.ceil(quarter * epochs / 4) + later for quarter in (1, 2, 3) for later in (0, 1)] if epochs >= 8 else []


def fine_tuned(found: Records) -> Iterator[Fact]:
    """Yield the facts of part 4.2: accuracies and running times of the three networks."""
    table = found["4.1"].table("trainable in fc") if "4.1" in found else None
    if table is not None and table.rows and table.rows[0][3] == RESNET_OUTPUTS * (RESNET_WIDTH + 1):
        name = "outputs of each network, more than the images have classes"
        chance = f"{100 / RESNET_OUTPUTS:.1f}\u00a0%"
        yield Fact("4.2", name, f"{RESNET_OUTPUTS:,}: before the training, {chance} are right by chance")
    for name in ("pt-net", "net-freeze", "net-freeze-lora"):
        run = found["4.2"].run(name)
        if run is not None:
            yield from accuracy("4.2", run)
            network = name.replace("-", "_")
            for share, value in run.within:
                when = WITHIN.get(share, f"after {share:.3g} of the epoch")
                yield Fact("4.2", f"test accuracy of {network} {when}", 100 * value, "%")
            yield Fact("4.2", f"running time of {network}{timed([run])}", sum(run.seconds), "s")
