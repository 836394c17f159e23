"""The harness of the course: it starts a student's programs, talks with them, and tells what it saw.

Each module stands only on those above it:

    trace          what happened, on one clock: the events and the steps that every report is made of
    words          bytes and texts, quoted for people
    stage          where a test plays: the loop that waits for events, steps, deadlines, and who is to blame
    netns          a loopback network of one's own, capture, and questions to the kernel about connections
    wire           a wire between this machine's kernel and a host that is played
    landlock       which files and ports a process may touch, where there are no namespaces
    sandbox        what this machine can do to confine a program: three tiers, limits, and the end of a program
    pipes          pipes that can be waited for, on every system
    program        a student's program: start, keyboard, screen, Ctrl-C, "has read everything", exit
    peers          scripted TCP peers: whom the program talks with
    link           a relay between two of the student's programs, which cuts what passes
    faults         what a network does to datagrams, by script: drop, duplicate, delay
    datagrams      scripted UDP peers, and a link with such faults
    tftp           scripted peers that speak TFTP, and curl
    files          a folder that programs and tests share
    frames         frames of Ethernet to be taken apart: made by dpkt, captured just now, or recorded
    calls          functions of a student's module, called in the sandbox (worker: what does it there)
    simulation     two halves of a protocol without sockets and clocks, and a network that is played to them
    tcp            a student's endpoint in the RFC's figures, with another one, and with this machine's kernel
    search         property-based tests: the smallest example that fails
    cast           who takes part: what test files build their fixtures from
    mistakes       known mistakes: what must be true of the trace, and a sentence for a person
    score          check, score, and the JSON that is kept
    render         the trace as text, as a picture (SVG), as a capture file (pcap); a result as a notebook's outputs
    lessons        scenes and pictures for the notebooks, and what one lesson alone needs
    progress       how far a student has come through the course
    pytest_plugin  the only module that knows pytest
    grading        one submission graded in a process of its own, and results that are kept
    watch          the checks played whenever a program is saved
    notebook       check("…") for the exercises' notebooks
    collecting     submissions out of archives and nbgrader's exchange: whose each is, and what is taken
    course         what students get, made from the solutions (for notebooks it asks nbgrader_bridge)
    nbgrader_bridge  what nbgrader calls: how it releases, grades and tells
    classroom      what calls nbgrader: a class, from release to feedback
"""
import sys

# What to do where something is missing: {} is what.
SET_UP = ("this Python has not all that the course needs ({}): run `make 00_osi` in the course's folder, which sets up "
          ".venv, or use what is in there, as the README says")
if sys.version_info < (3, 11):      # noqa: UP036 - an older one is what this is for
    raise ImportError(f"the course needs Python 3.11 or later, and this is {sys.version.split()[0]}")
