"""Measures a peer at cells of a figure: a JSON line a variant.

  python3 bench/peers/run.py --list
  python3 bench/peers/run.py figure1 jax mlp/10 mlp/60 [--threads 1] [--budget 0.4] [--rounds 3]

A peer is a file <name>_peer.py with NAME and a function for each figure that it takes
part in; a figure is a file with measure(peer, cell, threads, budget, rounds). What pip installs
is in requirements.txt. Theano itself is not among the peers: its last release (1.0.5, 2020)
needs numpy.distutils and Python 3.9 or older.
"""
import argparse
import importlib
import importlib.metadata
import importlib.util
import pathlib

FOLDER = pathlib.Path(__file__).parent
PEERS = sorted(path.stem.removesuffix("_peer") for path in FOLDER.glob("*_peer.py"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", action="store_true", help="which peers are installed")
    parser.add_argument("figure", nargs="?")
    parser.add_argument("peer", nargs="?", choices=PEERS)
    parser.add_argument("cells", nargs="*")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--budget", type=float, default=0.4)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    if args.list:
        for name in PEERS:
            print(name, version_of(name) or "missing")
        return
    from common import report

    figure = importlib.import_module(args.figure)
    peer = importlib.import_module(f"{args.peer}_peer")
    for cell in args.cells:
        records = figure.measure(peer, cell, args.threads, args.budget, args.rounds)
        for record in records:
            report(
                peer=peer.NAME,
                version=version_of(args.peer),
                figure=args.figure,
                cell=f"{cell}/{args.threads}",
                **record,
            )


def version_of(peer):
    """The version of the package behind a peer, or None; the package itself is not loaded."""
    if importlib.util.find_spec(peer) is None:
        return None
    return importlib.metadata.version(peer)


main()
