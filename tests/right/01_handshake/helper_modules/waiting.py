"""What has been sent, and waits to be acknowledged."""
from sequence import add, before
from settings import MAX_RTO, MOST_SENDS


class Waiting:
    def __init__(self, rto):
        self.rto = rto
        self.segments = []
        self.sends = 0
        self.deadline = None

    def append(self, segment, now):
        self.segments.append(segment)
        if len(self.segments) == 1:
            self._begin(now)

    def acknowledge(self, ack, now):
        self.segments = [one for one in self.segments if before(ack, add(one.seq, one.size))]
        self._begin(now)

    def again(self, now):
        """The oldest; None if it has been sent often enough."""
        if self.sends == MOST_SENDS:
            return None
        self.deadline = now + min(self.rto * 2 ** self.sends, MAX_RTO)
        self.sends += 1
        return self.segments[0]

    def clear(self):
        self.segments = []
        self.deadline = None

    def _begin(self, now):
        self.sends = 1
        self.deadline = now + self.rto if self.segments else None
