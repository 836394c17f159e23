"""The echo server for many: the same loop, which listens at all times."""
import math

import echo_server

if __name__ == "__main__":
    echo_server.main(most=math.inf)
