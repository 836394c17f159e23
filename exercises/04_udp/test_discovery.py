"""Discovery: who is there? The question goes to everybody on this machine's loopback, and never off it.

`printer` and `scanner` are scripted programs that serve; `alice` is a scripted one that looks for them.
"""
from pytest import mark

QUESTION, NONE = b"WHO IS THERE?", "* nobody is there"
GROUP = "239.255.42.99"


@mark.check("discovery", points=5,
            hint="serve: bound to 127.0.0.1 a socket does not hear what was sent to 127.255.255.255: bind it to ''. For"
                 " a group it also joins, with IP_ADD_MEMBERSHIP: first the group, then the interface. find: a socket "
                 "has to ask for SO_BROADCAST before it may send to 127.255.255.255. Without IP_MULTICAST_IF there is "
                 "no way to the group on a machine without a network.")
def test_finds_one(cast):
    """It finds and is found, by broadcast and in a group"""
    for group in cast.ways_to_everybody(GROUP):
        way = [] if group == "broadcast" else ["--group", group]
        port = cast.port()
        served = cast.program("discovery.py", "serve", "--port", port, "--name", name := cast.line("printer"), *way,
                              lane="your server")
        served.shows("ready")
        alice = cast.udp_peer("alice", served)
        for other in b"is anybody there?", QUESTION + b"!":
            alice.asks_everybody(other, port, group)
        alice.asks_everybody(QUESTION, port, group)
        alice.receives(f"HERE IS {name}")
        served.comes_to_rest()
        alice.has_received_nothing_more()
        served.gets_ctrl_c()
        served.ends(code=0)
        served.ended_quietly()

        port = cast.port()
        scanner = cast.udp_peer("a scanner", port=port, group=group)
        with cast.step(f"your finder starts, with {' '.join(way)}" if way else "your finder starts, without --group"):
            finder = cast.program("discovery.py", "find", "--port", port, "--wait", "60", *way, lane="your finder")
            scanner.talks_with(finder)
        scanner.receives(QUESTION)
        scanner.sends(f"HERE IS {(name := cast.line('scanner'))}")
        finder.shows(f"{name} at 127.0.0.1")


@mark.check("discovery", points=4, needs=[test_finds_one],
            hint="Several programs serve on one port, and each gets what is sent to everybody: that needs SO_REUSEADDR "
                 "before bind(). Keep a set of the names that were shown. What does not begin with ANSWER names nobody."
                 " And if there was none: NONE, and exit code 1.")
def test_finds_several(cast):
    """It finds several, each once, or says that nobody is there"""
    group = cast.ways_to_everybody(GROUP)[-1]
    way = [] if group == "broadcast" else ["--group", group]
    port = cast.port()
    twice = cast.udp_peer("one that answers twice", port=port, group=group)
    names = [cast.line("printer"), cast.line("scanner")]
    for name in names:
        cast.program("discovery.py", "serve", "--port", port, "--name", name, *way, lane=f"your {name}").shows("ready")
    finder = cast.program("discovery.py", "find", "--port", port, "--wait", "2", *way, lane="your finder")
    cast.timers(2 + 0.1, "what --wait says")
    twice.talks_with(finder)
    twice.receives(QUESTION)
    names.append(cast.line("echo"))
    twice.sends("HEAR HEAR")                    # which is no answer
    for _ in 1, 2:
        twice.sends(f"HERE IS {names[-1]}")
    for name in names:
        finder.shows(f"{name} at 127.0.0.1")
    finder.ends(code=0)
    for name in names:
        finder.has_shown(f"{name} at 127.0.0.1", times=1)
    finder.does_not_show("HEAR HEAR at 127.0.0.1")

    alone = cast.program("discovery.py", "find", "--port", cast.port(), "--wait", "0.1", *way,
                         lane="your second finder")
    alone.shows(NONE)
    alone.ends(code=1)
