"""A chat room, put together from its modules."""
import threading
import time

from limits import BYE, REFUSED
from member import Member
from room import Room
from sockets import listen, options
from wire import lines, part


def visit(room, connection):
    """Serve one client, in a thread of its own."""
    with connection:
        member = Member(connection)
        name = None
        said_bye = False
        for line in lines(connection):
            if line == BYE:
                said_bye = True
                break
            if name is not None:
                room.say(name, line)
            elif room.enter(line, member):
                name = line
            else:
                member.tell(REFUSED)
        if name is not None:
            room.leave(name)                  # nobody tells it anything any more
        if said_bye:
            member.finish()
            part(connection)
        member.stop()
        member.hang_up()


def main():
    try:
        listener = listen(*options())
        room = Room()
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                time.sleep(0.05)
                continue
            threading.Thread(target=visit, args=[room, connection], daemon=True).start()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
