"""Run a command; print its seconds, peak memory in MB, output and exit status as JSON.

A small process, as a child's peak memory counts what its parent had at the fork.
"""

import json
import os
import subprocess
import sys
import time

start = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
output = process.stdout.read().decode()
_, status, usage = os.wait4(process.pid, 0)
seconds = time.perf_counter() - start
print(json.dumps([seconds, usage.ru_maxrss / 1024, output, os.waitstatus_to_exitcode(status)]))
