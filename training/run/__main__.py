import sys

from training.run.running import main

sys.exit(main(sys.argv[1:]))
