"""The life-cycle of a model as the home page shows it: what was done, its cost, what is next."""
