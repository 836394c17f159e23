"""Numbers on the circle."""
CIRCLE = 2 ** 32


def add(seq, n):
    return (seq + n) % CIRCLE


def distance(a, b):
    """The way forward from a to b."""
    return (b - a) % CIRCLE


def before(a, b):
    return 0 < distance(a, b) < CIRCLE // 2
