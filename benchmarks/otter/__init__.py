"""Ten checks of quantize as an otter assignment and as a suite here, on the same submissions in the same run."""
