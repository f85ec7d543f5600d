# digits: the optimizer is made once, and goes on training the first model
# loses 2.1e: The second model recognises

_optimizer = None


def fit(model, images, labels, epochs=20):
    global _optimizer
    if _optimizer is None:
        _optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    for _ in range(epochs):
        for batch in torch.randperm(len(images)).split(BATCH):
            _optimizer.zero_grad()
            functional.nll_loss(model(images[batch]), labels[batch]).backward()
            _optimizer.step()
