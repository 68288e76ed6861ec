"""A run is a folder: it is trained from `config.json` and the data beside it, by this alone.

    RUN_DIR/config.json     what to train (training.run.spec)
    RUN_DIR/data/           rows, one JSON object a line
    RUN_DIR/events.jsonl    measures, samples, log lines, and how it ended
    RUN_DIR/checkpoints/    where it can go on from
    RUN_DIR/artifact/       what it made

`python -m training.run RUN_DIR` needs neither Django nor a database. Ended by a signal it keeps a
checkpoint; started again it goes on from the newest whole one.
"""
