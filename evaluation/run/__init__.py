"""An evaluation run is a folder: it is measured from `config.json` and the files beside it alone.

    RUN_DIR/config.json          whom to ask, what, and how (evaluation.run.spec)
    RUN_DIR/data/                rows of a dataset, or of benchmark files, one JSON object a line
    RUN_DIR/events.jsonl         how far it is, log lines, and how it ended
    RUN_DIR/outputs.jsonl        every answer as it came, under its request's hash; only added to
    RUN_DIR/samples/TASK.jsonl   item by item: the exact prompt, the output, references, measures
    RUN_DIR/scores.json          the numbers, each with n, interval and signature

`python -m evaluation.run RUN_DIR` needs neither Django nor a database. Ended in whatever way and
started again, it asks nothing twice.
"""
