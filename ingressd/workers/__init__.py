"""Several data-plane processes on shared listening sockets, and the pool in the supervisor that feeds and watches them.

supervisor   the process with the control plane; it owns the listening sockets and starts the workers
worker       one data-plane process; it ends when the supervisor does
channel      the socket pair between the two; it carries frames, each one message
pool         the supervisor's view of all workers
slot         the place of one worker in the pool; a dead worker's place is taken by its replacement
generation   how many differences of the table have been published; a worker says which one it serves from
roll         replacing every worker with a new one, without losing a request
"""
