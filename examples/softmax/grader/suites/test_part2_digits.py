"""Part 2: the classifier. What it has learnt is measured here, from the weights that come back."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight
from torch import Tensor
from torch.nn import functional

from grader import worker_functions
from harness.checks import as_array, as_module, assert_true, assert_within, fail, needs, parameter_count
from harness.host.proxies import RemoteModule, Student

Digits = tuple[Tensor, Tensor]

#: The parameters of the linear layer, whatever they are called.
WEIGHT, BIAS = (10, 784), (10,)
#: Of 200 digits, measured with 20 epochs. Over 60 first weights the reference recognises 168 to 174. Over 5 each,
#: SGD at 0.01 and 0.1 with batches of 30, at 0.1 and 0.5 with all images in one batch, and Adam at 0.001 and 0.1
#: with batches of 30 recognise 150 to 168. Steps that are too few or too small are not enough: SGD at 0.001 with
#: batches of 10 recognises 130 to 134, Adam at 0.001 with all images in one batch 133 to 145. A classifier that
#: guesses has about 20.
ENOUGH = 140


def new_classifier(student: Student) -> RemoteModule:
    """A new model of the student's class."""
    return as_module(student.digits.Classifier(), "Classifier()")


def linear(values: dict[str, Any]) -> tuple[Tensor, Tensor]:
    """The weight and the bias of a model, found by their shapes, in float64."""
    found = {tuple(value.shape): value for value in values.values() if isinstance(value, Tensor)}
    if len(values) != 2 or set(found) != {WEIGHT, BIAS}:
        shapes = ", ".join(str(shape) for shape in list(found)[:4]) or "none"
        fail(
            f"Classifier has {len(values)} parameters, of the shapes {shapes}, expected {WEIGHT} and {BIAS}.",
            "the parameters are those of one nn.Linear(784, 10).",
        )
    weight_, bias = (as_array(found[shape], "a parameter of Classifier", shape=shape) for shape in (WEIGHT, BIAS))
    return torch.from_numpy(weight_.astype(np.float64)), torch.from_numpy(bias.astype(np.float64))


def outputs(images: Tensor, parameters: tuple[Tensor, Tensor]) -> Tensor:
    """What the layer with these parameters gives before softmax, in float64."""
    return functional.linear(images.flatten(1).double(), *parameters)


def loss_of(digits: Digits, parameters: tuple[Tensor, Tensor]) -> float:
    """The mean cross-entropy of these parameters."""
    images, labels = digits
    return float(functional.cross_entropy(outputs(images, parameters), labels))


def recognised(digits: Digits, parameters: tuple[Tensor, Tensor]) -> int:
    """How many digits these parameters recognise."""
    images, labels = digits
    return int((outputs(images, parameters).argmax(dim=1) == labels).sum())


def mixed(rng: np.random.Generator, *splits: Digits) -> list[Digits]:
    """The splits in a drawn order, with classes that were drawn for the digits: known weights are worth nothing."""
    classes = torch.from_numpy(rng.permutation(10))
    orders = [torch.from_numpy(rng.permutation(len(labels))) for _, labels in splits]
    return [(images[order], classes[labels[order]]) for (images, labels), order in zip(splits, orders, strict=True)]


def trained(student: Student, digits: Digits) -> tuple[Tensor, Tensor]:
    """The parameters of a new model of the student's that the student's fit has trained."""
    namespace = student.digits
    found = student.run(worker_functions.trained, namespace.Classifier, namespace.fit, *digits, of=dict[str, Any])
    return linear(found)


@weight(1)
@number("2.1a")
def test_parameters(student):
    """The classifier has exactly 7,850 parameters, a weight (10, 784) and a bias (10,)."""
    model = new_classifier(student)
    count = parameter_count(model, trained=True)
    assert_true(
        count == 7850,
        f"Classifier has {count:,} parameters that take a gradient, expected 7,850.",
        "784 · 10 weights and 10 biases: one nn.Linear(784, 10).",
    )
    linear(model.parameters())


@weight(2)
@number("2.1b")
def test_outputs_are_log_probabilities(student, rng):
    """For drawn weights the outputs are logarithms of probabilities that sum to 1, and those of softmax."""
    model = new_classifier(student)
    drawn = [torch.from_numpy(rng.normal(scale=0.1, size=shape).astype(np.float32)) for shape in (WEIGHT, BIAS)]
    by_shape = {tuple(value.shape): value for value in drawn}
    names = model.shapes()
    if sorted(names.values()) != sorted(by_shape):
        linear(model.parameters())
    model.write({name: by_shape[shape] for name, shape in names.items()})
    images = torch.from_numpy(rng.random((6, 1, 28, 28), dtype=np.float32))
    found = as_array(model(images), "the output for six images", shape=(6, 10), dtype="float32").astype(np.float64)
    parameters = (drawn[0].double(), drawn[1].double())
    # A sum of 785 products in float32 is off by at most 785 · 2^-24 times the sum of their magnitudes, in any order.
    # The logarithm of softmax is one such sum minus a mean of ten, and then rounds a few times; 4 leaves room for that.
    magnitude = outputs(images, (parameters[0].abs(), parameters[1].abs())).max()
    bound = 4 * 785 * 2**-24 * float(magnitude)
    hint = "return functional.log_softmax(…, dim=1) of the layer's outputs."
    sums = torch.from_numpy(found).logsumexp(dim=1).numpy()
    assert_within(sums, np.zeros(6), atol=bound, what="logarithms of the sums of the probabilities", hint=hint)
    expected = outputs(images, parameters).log_softmax(dim=1).numpy()
    hint = "flatten each image row after row, images.flatten(1), and leave the pixels as they are."
    assert_within(found, expected, atol=bound, what="output for drawn weights and images", hint=hint)


@weight(1)
@number("2.1c")
def test_fit_lowers_the_loss(student, rng, train_digits: Digits, measured):
    """Five epochs of fit change the model that is given, and lower its loss on the images that it was trained on."""
    (digits,) = mixed(rng, train_digits)
    model = new_classifier(student)
    before = loss_of(digits, linear(model.parameters()))
    student.digits.fit(model, *digits, epochs=5)
    after = loss_of(digits, linear(model.parameters()))
    # Measured with the reference, over 10 first weights: from 2.3 to 0.49 to 0.52; with SGD at 0.001 to 2.1 or 2.2.
    measured("training loss after five epochs", after, 0.95 * before, rises=False)
    assert_true(
        after < 0.95 * before,
        f"The loss was {before:.3f} before fit and is {after:.3f} after five epochs, expected a lower one.",
        "the model itself is trained, in place: zero_grad, backward and step for each batch.",
    )


@weight(2)
@number("2.1d")
def test_digits_are_recognised(student, rng, train_digits: Digits, test_digits: Digits, measured, fact):
    """A classifier that fit has trained on 300 digits recognises at least 140 of 200 others."""
    train, test = mixed(rng, train_digits, test_digits)
    parameters = trained(student, train)
    found = recognised(test, parameters)
    measured("digits recognised", found, ENOUGH)
    fact("test accuracy of the classifier", 100 * found / len(test[1]), "%")
    fact("training accuracy of the classifier", 100 * recognised(train, parameters) / len(train[1]), "%")
    assert_true(
        found >= ENOUGH,
        f"The trained classifier recognises {found} of {len(test[1])} digits, expected at least {ENOUGH}.",
        "is the loss of the last epochs still falling? Then take larger steps, or more of them in an epoch.",
    )


@needs("2.1d")
@weight(1)
@number("2.1e")
def test_a_second_model_learns_as_well(student, rng, train_digits: Digits, test_digits: Digits, measured):
    """A second model that is trained in the same process, with other labels, is as good as a first one."""
    (first,) = mixed(rng, train_digits)
    trained(student, first)
    train, test = mixed(rng, train_digits, test_digits)
    found = recognised(test, trained(student, train))
    measured("digits recognised by the second model", found, ENOUGH)
    assert_true(
        found >= ENOUGH,
        f"The second model recognises {found} of {len(test[1])} digits, expected at least {ENOUGH}.",
        "make the optimizer in fit, of the parameters of the given model, and keep nothing in global variables.",
    )
