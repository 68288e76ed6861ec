"""Reinforcement learning from a reward model: the mathematics of PPO, without a model or a loop.

Every tensor is [batch, tokens] unless said otherwise, and every function takes the mask of the
response's tokens, its stop token included. What stands where the mask is False never matters.
Sources: Schulman et al. 2017 (arXiv:1707.06347), Ziegler et al. 2019 (arXiv:1909.08593), Stiennon
et al. 2020 (arXiv:2009.01325), Ouyang et al. 2022 (arXiv:2203.02155).
"""
