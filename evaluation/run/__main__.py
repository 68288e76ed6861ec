import sys

from evaluation.run.running import main

sys.exit(main(sys.argv[1:]))
