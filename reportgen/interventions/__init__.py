"""The model with its attention changed or followed: knock-outs, gradients, what heads write. Knows torch.

Its code is no part of what captured scores depend on: a change here leaves them in the store.
"""
