# finetuning: load_pretrained returns the function, without calling it
# loses 4.1a: load_pretrained() is function, expected a torch module
# loses 4.1b: is function
# loses 4.1c: is function
# loses 4.2a
# loses 4.2c

def load_pretrained():
    return resnet18
