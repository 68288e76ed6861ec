"""Looking at a run before it is started: what its rows become, and how many numbers learn.

`python -m training.planning` is a process of its own, so that nobody else has to read torch.
"""
