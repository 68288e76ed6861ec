"""How sure a score is, and whether two of them differ. Plain numpy; no Django.

Everything is drawn again by its source: three references of one dialogue, or five questions about
one paragraph, are one thing that may or may not have been in the benchmark. The draws are
seeded, so that one file always gives the same interval, and are those of sacrebleu's own bootstrap.
"""
