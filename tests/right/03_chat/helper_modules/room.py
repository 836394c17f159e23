"""Who is in the room, and what they are told."""
import threading


class Room:
    """Who is here, by name."""

    def __init__(self):
        self._lock = threading.Lock()
        self._members = {}

    def enter(self, name, member):
        with self._lock:
            if name in self._members or len(name) > 16 or not name.isalnum():
                return False
            self._members[name] = member
            self._tell_all(f"* {name} joined")
            return True

    def leave(self, name):
        with self._lock:
            del self._members[name]
            self._tell_all(f"* {name} left")

    def say(self, name, text):
        with self._lock:
            self._tell_all(f"{name}: {text}", name)

    def _tell_all(self, text, but=None):
        for name, member in self._members.items():
            if name != but:
                member.tell(text)
