"""Work shared out to processes of one thread each, and what it gave kept on disk under the weights it was made with."""

import copy
import hashlib
import multiprocessing
import pickle
import time
from pathlib import Path

import torch


def _share(results, number, work, items, *arguments):
    torch.set_num_threads(1)
    try:
        results.put((number, work(items, *arguments)))
    except BaseException as error:  # said in the parent: a share that ends in silence would leave it waiting
        results.put((number, error))
        raise


def shared_out(work, items, workers, *arguments):
    """work(items, *arguments) -> list with one entry an item; the same in the order of `items`, each worker with every n-th of them."""
    if workers <= 1 or len(items) < 2:
        return work(items, *arguments)
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    processes = [context.Process(target=_share, args=(results, n, work, items[n::workers], *arguments), daemon=True) for n in range(workers)]
    for process in processes:
        process.start()
    parts = dict(results.get() for _ in range(workers))
    for process in processes:
        process.join()
    out = [None] * len(items)
    for n, part in parts.items():
        if isinstance(part, BaseException):
            raise part
        out[n::workers] = part
    return out


def on_cpu(model):
    """The model itself, or a copy where it lives on a GPU: clips are run by processes of one CPU thread."""
    return model if next(model.parameters()).device.type == "cpu" else copy.deepcopy(model).cpu()


def weights_hash(model):
    return hashlib.sha256(b"".join(v.numpy().tobytes() for v in model.state_dict().values())).hexdigest()[:12]


def kept(folder, model, name, make):
    """What `make` gives, kept in `folder` (where one is given) under the name and the weights it was made with, so that an interrupted evaluation goes on."""
    if not folder:
        return make()
    path = Path(folder) / f"{name}-{weights_hash(model)}.pkl"
    if path.exists():
        return pickle.loads(path.read_bytes())
    out = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(pickle.dumps(out, protocol=4))
    part.rename(path)
    return out


def progress(what, of):
    """-> a function to call with the number done; it tells about every 20 s."""
    began, told = time.monotonic(), [time.monotonic()]

    def tell(done):
        if time.monotonic() - told[0] > 20 or done >= of:
            told[0] = time.monotonic()
            print(f"evaluate: {what}: {done} of {of}, {time.monotonic() - began:.0f} s", flush=True)
    return tell
