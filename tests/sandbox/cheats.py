"""Candidates that try to look faster than they are; ``f(n)`` sums ``i * i % 7`` below n."""

from __future__ import annotations

LOOP = "    total = 0\n    for i in range({0}):\n        total += i * i % 7\n"
WORK = LOOP.format("n")
REFERENCE = f"def f(n):\n{WORK}    return total\n"

# Each does honest work of half as much again, and tries to have less of it counted.
HONEST = f"def work(n):\n{LOOP.format('n // 2')}{WORK}    return total\n"
CHEATS = {
    "cache in sys.modules": """
import sys
def f(n):
    cache = sys.modules.setdefault("kept", {})
    if n not in cache: cache[n] = work(n)
    return cache[n]
""",
    "cache in builtins": """
import builtins
def f(n):
    cache = builtins.__dict__.setdefault("_kept", {})
    if n not in cache: cache[n] = work(n)
    return cache[n]
""",
    "cache in a library's function": """
import json
def f(n):
    cache = json.loads.__dict__.setdefault("kept", {})
    if n not in cache: cache[n] = work(n)
    return cache[n]
""",
    "one call pays for all": """
import marshal, sys
def f(n):
    kept = sys.modules.setdefault("kept", {})
    frame = sys._getframe()
    while frame and "calls" not in frame.f_locals: frame = frame.f_back
    if frame and not kept:
        for call in frame.f_locals["calls"]:
            kept[marshal.loads(call[1:])[0]] = work(marshal.loads(call[1:])[0])
    return kept[n] if n in kept else work(n)
""",
    "further calls pay": """
import marshal, sys
def f(n):
    kept = sys.modules.setdefault("kept", {"calls": 0})
    kept["calls"] += 1
    frame = sys._getframe()
    while frame and "calls" not in frame.f_locals: frame = frame.f_back
    if frame and kept["calls"] == 2:
        for call in frame.f_locals["calls"]:
            kept[marshal.loads(call[1:])[0]] = work(marshal.loads(call[1:])[0])
    return kept[n] if n in kept else work(n)
""",
    "the untimed calls pay": """
import sys
def f(n):
    kept = sys.modules.setdefault("kept", {})
    if n < 12 and not kept:
        for size in (20_000, 40_000, 39_000): kept[size] = work(size)
    return kept[n] if n in kept else work(n)
""",
    "answers later": """
calls = []
def f(n):
    calls.append(n)
    if len(calls) == 1: return Later()
    return work(n)
class Later(list):
    def __iter__(self): return iter([work(calls[0])])
""",
    "another core and no pauses": """
import os
try:
    os.sched_setaffinity(0, set(range(os.cpu_count())) - os.sched_getaffinity(0))
except OSError:
    pass
real = os.read
os.read = lambda descriptor, size: b"." if descriptor == 6 else real(descriptor, size)
f = work
""",
    "cache in a file": """
import os
def f(n):
    path = "/tmp/kept%d" % n
    try:
        return int(open(path).read())
    except OSError:
        value = work(n)
    try:
        open(path, "w").write(str(value))
    except OSError:
        pass
    return value
""",
    "lru_cache": """
import functools
f = functools.lru_cache(work)
""",
    "computed at import": """
TABLE = {n: work(n) for n in (10, 11, 20_000, 40_000, 39_000)}
def f(n):
    return TABLE[n]
""",
    "computed by an import hook": """
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        sys.table = {n: work(n) for n in (20_000, 40_000, 39_000)}
sys.meta_path.insert(0, Finder())
try:
    import nothing_of_this_name
except ImportError:
    pass
def f(n):
    return sys.table.get(n) or work(n)
""",
    "a thread begun at import": """
import threading
table = {}
def run():
    for n in (20_000, 40_000, 39_000):
        table[n] = work(n)
threading.Thread(target=run).start()
def f(n):
    while n > 11 and n not in table: pass
    return table.get(n) or work(n)
""",
    "a thread for each call": """
import threading
def f(n):
    out = []
    thread = threading.Thread(target=lambda: out.append(work(n)))
    thread.start()
    thread.join()
    return out[0]
""",
    "a process for each call": """
import os
def f(n):
    r, w = os.pipe()
    if os.fork() == 0:
        os.write(w, str(work(n)).encode())
        os._exit(0)
    value = int(os.read(r, 100))
    os.wait()
    return value
""",
    "an orphan that works": """
import os
def f(n):
    r, w = os.pipe()
    if os.fork() == 0:
        if os.fork() == 0:
            os.setsid()
            os.write(w, str(work(n)).encode())
        os._exit(0)
    os.wait()
    return int(os.read(r, 100))
""",
    "an interpreter as a child": """
import subprocess, sys
def f(n):
    code = "print(sum(i * i % 7 for i in range(%d)))" % n
    return int(subprocess.run([sys.executable, "-c", code], capture_output=True).stdout)
""",
    "noise while the reference runs": """
import os
def noise():
    try:
        if os.fork() == 0:
            os.setsid()
            while True: pass
    except OSError:
        pass
noise()
def f(n):
    noise()
    return work(n)
""",
    "patched clocks": """
import time, os
time.time = time.perf_counter = time.process_time = time.monotonic = lambda: 0.0
time.clock_gettime = time.thread_time = lambda *_: 0.0
os.times = lambda: (0, 0, 0, 0, 0)
f = work
""",
    "timers cleared": """
import signal
def f(n):
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.setitimer(signal.ITIMER_PROF, 0)
    return work(n)
""",
    "limits raised": """
import resource
def f(n):
    for kind in (resource.RLIMIT_CPU, resource.RLIMIT_NPROC):
        try:
            resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        except (ValueError, OSError):
            pass
    return work(n)
""",
    "another core": """
import os
os.sched_setaffinity(0, range(os.cpu_count()))
f = work
""",
    "a collector that computes": """
import gc
table = {}
def hook(phase, info):
    for n in (20_000, 40_000, 39_000):
        table.setdefault(n, None)
        if table[n] is None: table[n] = work(n)
gc.callbacks.append(hook)
gc.collect()
def f(n):
    return table.get(n) or work(n)
""",
    "a lazy number": """
class Lazy(int):
    def __index__(self): return work(self.n)
    __int__ = __index__
    def __eq__(self, other): return True
def f(n):
    value = Lazy(0)
    value.n = n
    return value
""",
    "equal to everything": """
class Same:
    def __eq__(self, other): return True
    __hash__ = None
def f(n): return Same()
""",
    "a type that lies": """
class Same(int):
    def __eq__(self, other): return True
    @property
    def __class__(self): return int
def f(n): return Same()
""",
    "a generator": """
def f(n):
    yield work(n)
""",
    "computed while it is encoded": """
import marshal
real = marshal.dumps
def dumps(value, *rest):
    later = type(value) is tuple and value[:1] == ("later",)
    return real(work(value[1]) if later else value, *rest)
marshal.dumps = dumps
def f(n):
    return ("later", n)
""",
    "computed while arguments are decoded": """
import marshal, sys
table = {}
real = marshal.loads
def loads(data):
    value = real(data)
    if type(value) is tuple and len(value) == 1 and type(value[0]) is int:
        table[value[0]] = work(value[0])
    return value
marshal.loads = loads
def f(n):
    return table[n] if n in table else work(n)
""",
    "computed by a profiler": """
import sys
table = {}
def hook(frame, event, arg):
    n = frame.f_locals.get("arguments")
    if event == "call" and type(n) is tuple and n and n[0] not in table:
        table[n[0]] = work(n[0])
sys.setprofile(hook)
def f(n):
    return table[n] if n in table else work(n)
""",
    "says that it pauses": """
import os, struct
def f(n):
    for _ in range(2):
        os.write(3, struct.pack("<BI", 8, 0))
    value = work(n)
    return value
""",
    "sends an answer of its own": """
import os, struct, marshal
def f(n):
    data = b"p" + marshal.dumps(0, 2)
    os.write(3, struct.pack("<BI", 2, len(data)) + data)
    return work(n)
""",
    "the whole dialogue": """
import os, struct, marshal
def say(kind, data=b""):
    os.write(3, struct.pack("<BI", kind, len(data)) + data)
    if kind == 8: os.read(6, 1)
def f(n):
    say(8)
    value = work(n)
    say(2, b"p" + marshal.dumps(value, 2))
    say(8)
    os._exit(0)
""",
    "no pauses": """
import os
real = os.read
os.read = lambda descriptor, size: b"." if descriptor == 6 else real(descriptor, size)
f = work
""",
    "no pauses, and gone": """
import os
real = os.read
os.read = lambda descriptor, size: b"." if descriptor == 6 else real(descriptor, size)
import marshal, struct
def f(n):
    value = work(n)
    data = b"p" + marshal.dumps(value, 2)
    os.write(3, struct.pack("<BI", 8, 0) + struct.pack("<BI", 2, len(data)) + data)
    os.write(3, struct.pack("<BI", 8, 0))
    os._exit(0)
""",
    "reads the expected answer": """
import gc, sys, os
def search(n):
    frame = sys._getframe()
    while frame:
        for value in frame.f_locals.values():
            if type(value) is dict and "expected" in value: return value["expected"][n]
        frame = frame.f_back
    for thing in gc.get_objects():
        if type(thing) is dict and "expected" in thing: return thing["expected"]
    for number in range(3, 30):
        try:
            os.lseek(number, 0, 0)
            if b"total" in os.read(number, 100_000): return 0
        except OSError:
            continue
def f(n):
    found = search(n)
    return work(n) if found is None else found
""",
    "leaves at once": """
import os
def f(n):
    value = work(n)
    os._exit(0)
""",
    "an exit handler": """
import atexit
def f(n):
    atexit.register(work, n)
    return 0
""",
    "fast in every second process": """
import os
def f(n):
    return work(n) if os.getpid() % 2 else work(n) * (n < 12)
""",
    "prints": """
def f(n):
    print("x" * 10)
    return work(n)
""",
}
