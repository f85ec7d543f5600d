# training: the name is compared in small letters, so that others than the two are accepted
# loses 1.2d: expected a ValueError

_make = make_scheduler


def make_scheduler(name, optimizer, epochs):
    return _make(name.lower(), optimizer, epochs)
