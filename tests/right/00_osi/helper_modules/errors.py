"""What can go wrong, for all the other modules."""


class AddressError(ValueError):
    """A text that is no address, a number that is no port, or a service that is not known."""


class LayerError(ValueError):
    """A frame that cannot be taken apart."""


class HttpError(ValueError):
    """An answer that cannot be read."""
