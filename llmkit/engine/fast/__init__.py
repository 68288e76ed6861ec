"""A lean decoder for processors, made from the weights of a loaded transformers module."""
