"""Methods of training: one file each, found by discovery. None of them imports Django."""

from training.methods.method import METHODS, Method, Slot, get, names

__all__ = ["METHODS", "Method", "Slot", "get", "names"]
