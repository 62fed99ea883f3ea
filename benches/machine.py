"""What this machine can do at most, to see how far a step is from it: memory as STREAM measures it, and products of matrices.

    machine.py [THREADS]
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

# Far above any cache.
DOUBLES = 1 << 25
# A product that BLAS cuts into its own blocks.
SIDE = 4096
RUNS = 5


def measure(threads: int) -> dict[str, float]:
    """Copied and read bytes per second, and operations per second of a product of doubles, the best of five.

    As in STREAM a copy counts what is read and what is written, and not what the processor reads of a line before it writes it.
    """
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ[name] = str(threads)
    import numpy as np

    a, b = np.ones(DOUBLES), np.zeros(DOUBLES)
    parts = [slice(DOUBLES * i // threads, DOUBLES * (i + 1) // threads) for i in range(threads)]
    m, n = (np.random.default_rng(i).normal(size=(SIDE, SIDE)) for i in range(2))
    product = np.empty((SIDE, SIDE))
    with ThreadPoolExecutor(threads) as pool:
        at_once = lambda work: list(pool.map(work, parts))
        copy_s = best(lambda: at_once(lambda part: np.copyto(b[part], a[part])))
        read_s = best(lambda: at_once(lambda part: a[part].sum()))
    product_s = best(lambda: np.matmul(m, n, out=product))
    return {"copied": 16 * DOUBLES / copy_s, "read": 8 * DOUBLES / read_s, "operations": 2 * SIDE**3 / product_s}


def best(work) -> float:
    def once() -> float:
        started = perf_counter()
        work()
        return perf_counter() - started

    once()
    return min(once() for _ in range(RUNS))


def words(threads: int) -> str:
    found = measure(threads)
    return (
        f"This machine with {threads} threads: memory {found['copied'] / 1e9:.1f} GB/s copied, {found['read'] / 1e9:.1f} GB/s read; "
        f"products of matrices of doubles {found['operations'] / 1e9:.0f} GFLOP/s."
    )


if __name__ == "__main__":
    print(words(int(sys.argv[1]) if len(sys.argv) > 1 else os.cpu_count()))
