# finetuning: downloads the weights itself, where there is no network
# loses 4.1a: no network
# loses 4.1b: no network
# loses 4.1c: no network
# loses 4.2a
# loses 4.2c

import urllib.request


def load_pretrained():
    with urllib.request.urlopen("http://example.com/resnet18.pth", timeout=20) as answer:
        answer.read()
    return resnet18()
