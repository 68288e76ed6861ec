import os
import sys

from training.run.running import main

code = main(sys.argv[1:])
sys.stdout.flush()
sys.stderr.flush()
os._exit(code)  # taking gigabytes of tensors apart one by one may take longer than the checkpoint
